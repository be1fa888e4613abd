#include "jacobench/fit/first_third.hpp"
