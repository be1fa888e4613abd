#include "jacobench/fit/last_third.hpp"
