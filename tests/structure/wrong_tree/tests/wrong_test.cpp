// maxCoeff() in a comment is none.
TEST(Wrong, AssertionsCannotFail) {
  EXPECT_LE((takes_a_maximum - reference).cwiseAbs().maxCoeff(), bound);
  const double lowest = takes_a_minimum.minCoeff(&row);
  EXPECT_LE((takes_a_norm - reference).lpNorm<Eigen::Infinity>(), bound);
  EXPECT_LE((takes_numbers_only - reference).maxCoeff<Eigen::PropagateNumbers>(), bound);
  EXPECT_LE((propagates_it - reference).maxCoeff<Eigen::PropagateNaN>(), bound);
}
const auto shared_with_all = ::testing::TempDir() + "data.csv";
const auto shared_by_name = "/tmp/data.csv";
