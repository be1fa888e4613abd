TEST(Fit, IsAFitOnThreads) {}
