#include "accuracy/accuracy_experiment.hpp"
