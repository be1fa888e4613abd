#include "jacobench/files/csv.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

class Csv : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    path_ = std::filesystem::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ofstream(path_, std::ios::binary) << text;
    return path_;
  }

  std::string error_of(const std::string& text) {
    const auto path = file(text);
    try {
      count_csv_rows(path);
    } catch (const InputError& error) {
      const std::string message = error.what();
      return message.starts_with(path.string()) ? message.substr(path.string().size()) : message;
    }
    return "no error";
  }

  void TearDown() override { std::filesystem::remove(path_); }

 private:
  std::filesystem::path path_;
};

TEST_F(Csv, ReadsNamedColumnsInTheOrderAskedFor) {
  CsvColumns columns(file("a,b,c\n1,2,3\n4,5,6\n"), {"c", "a"});
  Matrix wanted(2, 2);
  wanted << 3, 1, 6, 4;
  EXPECT_EQ(columns.read(10), wanted);
  EXPECT_EQ(columns.read(10).rows(), 0);
}

TEST_F(Csv, ReadsInBatches) {
  CsvColumns columns(file("x\n1\n2\n3\n"), {"x"});
  EXPECT_EQ(columns.read(2).rows(), 2);
  const Matrix last = columns.read(2);
  ASSERT_EQ(last.rows(), 1);
  EXPECT_EQ(last(0, 0), 3);
}

TEST_F(Csv, TakesTheUsualVariants) {
  CsvReader reader(file("\xEF\xBB\xBF\"dose, mg\" , \"say \"\"y\"\"\"\r\n\r\n 1e-3 ,+2\r\n\"-0\",5e-324"));
  EXPECT_EQ(reader.columns(), (std::vector<std::string>{"dose, mg", "say \"y\""}));
  std::vector<double> row;
  ASSERT_TRUE(reader.read_row(row));
  EXPECT_EQ(row, (std::vector<double>{1e-3, 2}));
  ASSERT_TRUE(reader.read_row(row));
  EXPECT_EQ(row, (std::vector<double>{-0.0, 5e-324}));
  EXPECT_FALSE(reader.read_row(row));
}

TEST_F(Csv, NamesLineAndColumnOfWhatItCannotRead) {
  EXPECT_EQ(error_of(""), ": is empty; the first line must name the columns");
  EXPECT_EQ(error_of("0.1,2\n3,4\n"), ":1: is a line of numbers; the first line must name the columns");
  EXPECT_EQ(error_of("a,,c\n"), ":1: column 2 has no name; name every column");
  EXPECT_EQ(error_of("a,b,a\n"), ":1: two columns are called a; rename one");
  EXPECT_EQ(error_of("a,b\n1,2\n3\n"), ":3: has 1 cells, the header 2; every row needs one cell a column");
  EXPECT_EQ(error_of("a,b\n1,2\n\n3,\n"),
            ":4: column b: a value is missing; every cell must be a finite number");
  EXPECT_EQ(error_of("a,b\n1,2x\n"),
            ":2: column b: '2x' is not a number; every cell must be a finite number");
  EXPECT_EQ(error_of("a\nnan\n"), ":2: column a: 'nan' is not finite; every cell must be a finite number");
  EXPECT_EQ(error_of("a\n-inf\n"), ":2: column a: '-inf' is not finite; every cell must be a finite number");
  EXPECT_EQ(error_of("a\n+-1\n"), ":2: column a: '+-1' is not a number; every cell must be a finite number");
  EXPECT_EQ(error_of("a\n1e999\n"),
            ":2: column a: '1e999' is beyond the range of a double; every cell must be a finite number");
  EXPECT_EQ(error_of("a\n\"1\n2\n"), ":2: a quote that opens here is never closed; close it");
  EXPECT_EQ(error_of("a\n\"1\n\"\nx\n"),
            ":2: column a: '1?' is not a number; every cell must be a finite number");
}

TEST_F(Csv, ListsTheColumnsWhereOneIsMissing) {
  const auto path = file("a,b\n1,2\n");
  try {
    CsvColumns(path, {"a", "z"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()), path.string() + ": has no column 'z'; its columns: a, b");
  }
}

TEST(CsvFile, ThatIsMissingOrAFolderIsNamed) {
  EXPECT_THROW(CsvReader("no such file.csv"), InputError);
  EXPECT_THROW(CsvReader(::testing::TempDir()), InputError);
}

TEST(CsvCell, IsQuotedWhereItHasToBe) {
  EXPECT_EQ(csv_cell("y0:x1"), "y0:x1");
  EXPECT_EQ(csv_cell("y0:w1[2,3]"), "\"y0:w1[2,3]\"");
  EXPECT_EQ(csv_cell("a\"b"), "\"a\"\"b\"");
}

}  // namespace
}  // namespace jacobench
