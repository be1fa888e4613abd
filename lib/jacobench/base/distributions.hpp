// Boost's distributions computed in double. In long double, which is Boost's way unless it is told otherwise, the last
// bits are those of the processor's kind, a study of small fits takes a third longer, and valgrind, which has no such
// numbers, goes astray.
#pragma once

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace jacobench {

using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

using NormalDistribution = boost::math::normal_distribution<double, InDouble>;
using StudentDistribution = boost::math::students_t_distribution<double, InDouble>;
using ChiSquaredDistribution = boost::math::chi_squared_distribution<double, InDouble>;
using FisherDistribution = boost::math::fisher_f_distribution<double, InDouble>;

}  // namespace jacobench
