TEST(Ceres, IsNamed) {}
