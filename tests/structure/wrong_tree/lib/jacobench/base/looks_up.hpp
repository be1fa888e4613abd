#include "jacobench/network/perceptron.hpp"
