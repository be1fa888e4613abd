TEST(Fit, IsAFit) { fit({.n_starts = 8, .n_threads = 3}); }
