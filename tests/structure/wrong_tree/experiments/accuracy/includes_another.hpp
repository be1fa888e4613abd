#include "speed/timing.hpp"
