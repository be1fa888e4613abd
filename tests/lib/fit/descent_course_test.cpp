#include "jacobench/fit/descent_course.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace jacobench {
namespace {

using Next = DescentCourse::Next;

constexpr double infinity = std::numeric_limits<double>::infinity();

// Of numbers that are made up, beside outputs of the size of one.
class DescentCourses : public ::testing::Test {
 protected:
  DescentCourses() : residuals_(network_, data_, {}) {}

  DescentCourse at(double objective) const {
    DescentCourse course;
    course.begin(residuals_, options_, objective);
    return course;
  }

  // A step that predicts this share of the objective and gains so much of what it predicted.
  static bool take(DescentCourse& course, double share, double gain) {
    const double objective = course.descent().objective;
    return course.take(share * objective, objective * (1 - gain * share));
  }

  const Perceptron network_ = make_perceptron({1, {1}, 1, Activation::tanh});
  const Dataset data_{.X = Vector::LinSpaced(9, -1, 1), .Y = Vector::LinSpaced(9, -1, 1)};
  const Residuals residuals_;
  DescentOptions options_{.max_iterations = 1000, .damping = 5};
};

TEST_F(DescentCourses, BeginDampedAndByGaussNewton) {
  const DescentCourse course = at(2);
  EXPECT_EQ(course.next(), Next::step);
  EXPECT_EQ(course.damping(), 5);
  EXPECT_FALSE(course.is_by_newton());
  EXPECT_FALSE(course.is_bent());
  EXPECT_EQ(course.descent().objective, 2);
  EXPECT_EQ(course.descent().n_iterations, 0);
}

TEST_F(DescentCourses, DampTheNextStepByTheGainOfTheLast) {
  struct Case {
    double gain, factor;
  };
  for (const auto& [gain, factor] :
       {Case{1.2, 1.0 / 9}, Case{0.81, 1.0 / 9}, Case{0.79, 1.0 / 3}, Case{0.31, 1.0 / 3}, Case{0.29, 1},
        Case{0.11, 1}, Case{0.09, 2}, Case{1e-3, 2}}) {
    DescentCourse course = at(2);
    EXPECT_TRUE(take(course, 0.5, gain));
    EXPECT_DOUBLE_EQ(course.damping(), 5 * factor) << gain;
    EXPECT_DOUBLE_EQ(course.descent().objective, 2 * (1 - 0.5 * gain));
    EXPECT_EQ(course.descent().n_iterations, 1);
  }
}

// By twice as much each time in succession; what is refused changes nothing else.
TEST_F(DescentCourses, DampFurtherAfterStepsThatAreRefused) {
  DescentCourse course = at(2);
  double damping = 5, growth = 2;
  for (const double objective : {2.1, 2.0, infinity, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(course.take(1, objective));
    damping *= growth;
    growth *= 2;
    EXPECT_EQ(course.damping(), damping);
    EXPECT_EQ(course.next(), Next::step);
  }
  EXPECT_EQ(course.descent().objective, 2);
  EXPECT_EQ(course.descent().n_iterations, 0);
  EXPECT_TRUE(take(course, 0.5, 0.2));
  EXPECT_FALSE(course.take(1, infinity));
  EXPECT_EQ(course.damping(), 2 * damping) << "a step that is taken ends a succession";
}

TEST_F(DescentCourses, HaveALeastDamping) {
  DescentCourse course = at(1e300);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(take(course, 0.5, 1));
  EXPECT_EQ(course.damping(), 1e-12);
}

// Where S falls by less than a tenth of what is left of it.
TEST_F(DescentCourses, GoByNewtonWhereTheyAreSlow) {
  DescentCourse course = at(2);
  take(course, 0.12, 1);
  EXPECT_FALSE(course.is_by_newton());
  take(course, 0.08, 1);
  EXPECT_TRUE(course.is_by_newton());
  course.take(1, infinity);
  EXPECT_TRUE(course.is_by_newton());
  take(course, 0.12, 1);
  EXPECT_FALSE(course.is_by_newton());
}

// The 31st step and those after it, where it is by Newton.
TEST_F(DescentCourses, BendTheirStepsWhereTheyAreLongAndSlow) {
  DescentCourse course = at(2);
  for (int i = 0; i < 29; ++i) take(course, 0.05, 1);
  EXPECT_TRUE(course.is_by_newton());
  EXPECT_FALSE(course.is_bent());
  course.take(1, infinity);
  EXPECT_FALSE(course.is_bent()) << "a step that is refused does not count";
  take(course, 0.05, 1);
  EXPECT_TRUE(course.is_bent());
  take(course, 0.5, 1);
  EXPECT_FALSE(course.is_bent());
}

// Whether it is taken or not: a step that promises hardly more than the rounding of S.
TEST_F(DescentCourses, RestWhereAnyStepPromisesNothing) {
  for (const bool is_taken : {true, false}) {
    DescentCourse course = at(2);
    EXPECT_EQ(take(course, 0.9e-14, is_taken ? 0.9 : -1), is_taken);
    EXPECT_EQ(course.next(), Next::rest);
    DescentCourse further = at(2);
    EXPECT_EQ(take(further, 1.3e-14, is_taken ? 0.9 : -1), is_taken);
    EXPECT_EQ(further.next(), Next::step);
  }
}

TEST_F(DescentCourses, RestWhereAStepThatIsHardlyDampedPromisesLittle) {
  struct Case {
    double damping, share, gain;
    Next next;
  };
  for (const auto& [damping, share, gain, next] :
       {Case{0.9e-2, 0.9e-9, 1, Next::rest}, Case{1.1e-2, 0.9e-9, 1, Next::step},
        Case{0.9e-2, 1.1e-9, 1, Next::step}, Case{0.9e-2, 0.9e-9, -1, Next::step}}) {
    options_.damping.mu = damping;
    DescentCourse course = at(2);
    EXPECT_EQ(take(course, share, gain), gain > 0);
    EXPECT_EQ(course.next(), next) << damping << " " << share << " " << gain;
  }
}

TEST_F(DescentCourses, RestWhereNoDampingIsEnough) {
  DescentCourse course = at(2);
  int n = 0;
  for (; course.next() == Next::step && n < 1000; ++n) EXPECT_FALSE(course.take(0, infinity));
  EXPECT_EQ(course.next(), Next::rest);
  EXPECT_LT(n, 60);
}

TEST_F(DescentCourses, GoOnByNewtonFromASaddlePoint) {
  DescentCourse course = at(2);
  course.take(1, infinity);
  take(course, 0.9e-14, 0.9);
  ASSERT_EQ(course.next(), Next::rest);
  course.go_on_from_saddle(1.5);
  EXPECT_EQ(course.next(), Next::step);
  EXPECT_TRUE(course.is_by_newton());
  EXPECT_EQ(course.damping(), hardly_damped);
  EXPECT_EQ(course.descent().objective, 1.5);
  EXPECT_EQ(course.descent().n_iterations, 1);
  course.take(1, infinity);
  EXPECT_EQ(course.damping(), 2 * hardly_damped);
}

TEST_F(DescentCourses, EndAsTheyAreTold) {
  DescentCourse at_rest = at(2);
  take(at_rest, 0.9e-14, -1);
  at_rest.arrive();
  EXPECT_EQ(at_rest.next(), Next::end);
  EXPECT_EQ(at_rest.descent().end, Descent::End::arrived);

  options_.max_iterations = 2;
  DescentCourse limited = at(2);
  take(limited, 0.5, 1);
  limited.take(1, infinity);
  EXPECT_EQ(limited.next(), Next::step) << "a step that is refused is no iteration";
  take(limited, 0.5, 1);
  EXPECT_EQ(limited.next(), Next::end);
  EXPECT_EQ(limited.descent().end, Descent::End::iteration_limit);

  double told = 0;
  options_.go_on = [&told](double objective) { return told = objective, false; };
  DescentCourse interrupted = at(2);
  interrupted.take(1, infinity);
  EXPECT_EQ(interrupted.next(), Next::step);
  interrupted.take(1, 1.25);
  EXPECT_EQ(told, 1.25);
  EXPECT_EQ(interrupted.next(), Next::end);
  EXPECT_EQ(interrupted.descent().end, Descent::End::interrupted);
}

// At residuals of eight roundings of the outputs, before and after a step.
TEST_F(DescentCourses, ArriveAtRounding) {
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * data_.Y.norm();
  for (const double size : {0.9, 1.1}) {
    const double objective = std::pow(size * rounding, 2);
    const Next next = size < 1 ? Next::end : Next::step;
    EXPECT_EQ(at(objective).next(), next);
    DescentCourse course = at(2);
    course.take(2, objective);
    EXPECT_EQ(course.next(), next);
    if (size < 1) {
      EXPECT_EQ(course.descent().end, Descent::End::arrived);
    }
  }
}

// What was before is gone.
TEST_F(DescentCourses, BeginAnew) {
  DescentCourse course = at(2);
  for (int i = 0; i < 31; ++i) take(course, 0.05, 1);
  course.take(1, infinity);
  ASSERT_TRUE(course.is_bent());
  course.begin(residuals_, options_, 3);
  EXPECT_FALSE(course.is_by_newton());
  EXPECT_FALSE(course.is_bent());
  EXPECT_EQ(course.damping(), 5);
  EXPECT_EQ(course.descent().n_iterations, 0);
  course.take(1, infinity);
  EXPECT_EQ(course.damping(), 10);
}

}  // namespace
}  // namespace jacobench
