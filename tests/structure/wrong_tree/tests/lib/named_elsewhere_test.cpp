TEST(Fit, IsOneOnThreads) {}
