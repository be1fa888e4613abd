#include "jacobench/fit/second_third.hpp"
