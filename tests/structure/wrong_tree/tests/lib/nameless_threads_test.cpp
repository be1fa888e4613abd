TEST(Fit, IsAFit) {}
