TEST(Study, RunsOnOne) { study({{"replicates.threads", "1"}}); }
TEST(Study, IsAStudy) { study({{"replicates.threads", "2"}}); }
TEST(Study, IsAnotherStudy) { study({{"replicates.threads", "all"}}); }
TEST(Command, IsACommand) { call({"fit", "--threads=3"}); }
