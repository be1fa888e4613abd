TEST(Cellar, IsThere) {}
