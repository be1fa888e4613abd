#include "jacobench/files/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"

#include "support/temporary_folder.hpp"

namespace jacobench {
namespace {

class Csv : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    path_ = folder_.file("data.csv", text);
    return path_;
  }

  Matrix read(const std::string& text, const CsvDialect& dialect = {}) {
    const auto path = file(text);
    return read_csv(path, csv_columns(path, dialect), dialect);
  }

  std::vector<std::string> columns(const std::string& text) { return csv_columns(file(text)); }

  // Of reading all columns, without the file's path.
  std::string error_of(const std::string& text, const CsvDialect& dialect = {}) {
    try {
      read(text, dialect);
    } catch (const InputError& error) {
      const std::string message = error.what();
      return message.starts_with(path_.string()) ? message.substr(path_.string().size()) : message;
    }
    return "no error";
  }

 private:
  testing::TemporaryFolder folder_;
  std::filesystem::path path_;
};

Matrix two_by_two(double a, double b, double c, double d) { return (Matrix(2, 2) << a, b, c, d).finished(); }

TEST_F(Csv, ReadsNamedColumnsInTheOrderAskedFor) {
  CsvColumns asked(file("a,b,c\n1,2,3\n4,5,6\n"), {"c", "a"});
  EXPECT_EQ(asked.n_rows(), 2);
  EXPECT_EQ(asked.read(10), two_by_two(3, 1, 6, 4));
  EXPECT_EQ(asked.read(10).rows(), 0);
}

TEST_F(Csv, ReadsInBatches) {
  CsvColumns asked(file("x\n1\n2\n3\n"), {"x"});
  EXPECT_EQ(asked.read(2).rows(), 2);
  const Matrix last = asked.read(2);
  ASSERT_EQ(last.rows(), 1);
  EXPECT_EQ(last(0, 0), 3);
}

TEST_F(Csv, TakesTheUsualVariants) {
  const std::string text = "\xEF\xBB\xBF\"dose, mg\" , \"say \"\"y\"\"\"\r\n\r\n 1e-3 ,+2\r\n\"-0\",5e-324";
  EXPECT_EQ(columns(text), (std::vector<std::string>{"dose, mg", "say \"y\""}));
  EXPECT_EQ(read(text), two_by_two(1e-3, 2, -0.0, 5e-324));
}

// Labels, units, dates and gaps of columns that are not used.
TEST_F(Csv, ColumnsThatNobodyAskedForMayHoldAnything) {
  const auto path = file(",name,x,x2,x2\n1,\"a, b\",0.5,NA,\n2,5\" pipe,1.5,2021-01-01,0x1F\n");
  EXPECT_EQ(read_csv(path, {"x"}), (Matrix(2, 1) << 0.5, 1.5).finished());
}

TEST_F(Csv, NamesAreWithoutLineEndsAndRunsOfBlanks) {
  EXPECT_EQ(columns("\"Time\n(s)\",x\u00A0 ,  a \t b\n1,2,3\n"),
            (std::vector<std::string>{"Time (s)", "x", "a b"}));
}

struct WrittenTable {
  std::string name, text;
  friend std::ostream& operator<<(std::ostream& out, const WrittenTable& table) { return out << table.name; }
};

class CsvWays : public Csv, public ::testing::WithParamInterface<WrittenTable> {};

std::string utf16(const std::string& ascii, bool is_little, bool has_mark) {
  std::string text = !has_mark ? "" : is_little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char c : ascii) text += is_little ? std::string{c, '\0'} : std::string{'\0', c};
  return text;
}

// x is 0.5 and 1.5, y 1.1 and -2000.25, however they are written.
TEST_P(CsvWays, SayTheSame) {
  EXPECT_EQ(read(GetParam().text), two_by_two(0.5, 1.1, 1.5, -2000.25));
  EXPECT_EQ(columns(GetParam().text), (std::vector<std::string>{"x", "y"}));
}

INSTANTIATE_TEST_SUITE_P(
    Written, CsvWays,
    ::testing::Values(WrittenTable{"plainly", "x,y\n0.5,1.1\n1.5,-2000.25\n"},
                      WrittenTable{"tabs", "x\ty\n0.5\t1.1\n1.5\t-2000.25\n"},
                      WrittenTable{"bars", "x|y\n0.5|1.1\n1.5|-2000.25\n"},
                      WrittenTable{"semicolons", "x;y\n0.5;1.1\n1.5;-2000.25\n"},
                      WrittenTable{"decimal_commas", "x;y\n0,5;1,1\n1,5;-2000,25\n"},
                      WrittenTable{"quoted_decimal_commas", "x,y\n\"0,5\",\"1,1\"\n\"1,5\",\"-2000,25\"\n"},
                      WrittenTable{"thousands", "x,y\n0.5,1.1\n1.5,\"-2,000.25\"\n"},
                      WrittenTable{"german_thousands", "x;y\n0,5;1,1\n1,5;-2.000,25\n"},
                      WrittenTable{"swiss_thousands", "x;y\n0.5;1.1\n1.5;-2\u2019000.25\n"},
                      WrittenTable{"french_thousands", "x;y\n0,5;1,1\n1,5;-2\u202F000,25\n"},
                      WrittenTable{"sep_line", "sep=;\nx;y\n0.5;1.1\n1.5;-2000.25\n"},
                      WrittenTable{"return_alone", "x,y\r0.5,1.1\r1.5,-2000.25\r"},
                      WrittenTable{"trailing_commas", "x,y,,\n0.5,1.1,,\n1.5,-2000.25,,\n,,,\n"},
                      WrittenTable{"trailing_commas_of_rows", "x,y\n0.5,1.1,\n1.5,-2000.25,\n"},
                      WrittenTable{
                          "comments",
                          "# of 2021\n\n#\nx,y\n0.5,1.1\n# and then, later, on\n1.5,-2000.25\n# end\n"},
                      WrittenTable{"utf16_le", utf16("x;y\n0.5;1.1\n1.5;-2000.25\n", true, true)},
                      WrittenTable{"utf16_be", utf16("x;y\r\n0.5;1.1\r\n1.5;-2000.25\r\n", false, true)},
                      WrittenTable{"utf16_without_mark", utf16("x;y\n0.5;1.1\n1.5;-2000.25\n", true, false)},
                      WrittenTable{"fortran", "x,y\n0.5D0,1.1d+00\n15.D-1,-2.00025D+03\n"},
                      WrittenTable{"no_break_space", "x\u00A0 ,y\n0.5,\u00A0 1.1\n1.5 ,-2000.25\n"},
                      WrittenTable{"unicode_minus", "x,y\n0.5,1.1\n1.5,\u22122000.25\n"}),
    [](const auto& instance) { return instance.param.name; });

// Every double reads back to the same bits from every dialect that is told, and from those that are certain.
TEST_F(Csv, EveryDialectReadsBackToTheSameBits) {
  RandomStream stream(5, 0, 0, RandomPurpose::inputs);
  Matrix wanted(60, 3);
  for (Index n = 0; n < wanted.rows(); ++n)
    for (Index c = 0; c < 3; ++c)
      wanted(n, c) = stream.normal() * std::pow(10, std::floor(12 * stream.normal()));
  wanted(0, 0) = std::numeric_limits<double>::denorm_min();
  wanted(1, 1) = -std::numeric_limits<double>::max();
  for (const char separator : {',', ';', '\t', '|', ' '})
    for (const char decimal : {'.', ','})
      for (const char thousands : {'\0', '\'', ',', '.'})
        for (const char* end : {"\n", "\r\n", "\r"})
          for (const bool is_told : {false, true}) {
            if (decimal == thousands || (separator == ' ' && !is_told)) continue;
            std::string text = separator == ' ' ? "a   b c" : fmt::format("a{0}b{0}c", separator);
            for (Index n = 0; n < wanted.rows(); ++n) {
              text += end;
              for (Index c = 0; c < 3; ++c) {
                char buffer[400];
                char* stop = std::to_chars(buffer, buffer + 400, wanted(n, c), std::chars_format::fixed).ptr;
                std::string number(&buffer[0], stop);
                const std::size_t point = std::min(number.find('.'), number.size());
                if (point < number.size()) number[point] = decimal;
                if (thousands)
                  for (std::size_t i = point; i > 3 + (number[0] == '-' ? 1u : 0u);)
                    number.insert(i -= 3, 1, thousands);
                const bool needs_quotes = number.find(separator) != number.npos;
                text +=
                    (c == 0 ? "" : std::string(1, separator)) + (needs_quotes ? '"' + number + '"' : number);
              }
            }
            CsvDialect dialect;
            if (is_told) {
              dialect.separator = separator;
              dialect.decimal = decimal;
              if (thousands) dialect.thousands = thousands;
            }
            const Matrix got = read(text, dialect);
            ASSERT_EQ(got.rows(), wanted.rows());
            ASSERT_EQ(std::memcmp(got.data(), wanted.data(),
                                  sizeof(double) * static_cast<std::size_t>(wanted.size())),
                      0)
                << "separator '" << separator << "', decimal '" << decimal << "', thousands '" << thousands
                << "'";
          }
}

// What may be meant in two ways is refused, whichever comes first, and read as it is said to be meant.
TEST_F(Csv, AsksWhereNumbersAreNotCertain) {
  const std::string two_ways =
      ": line 2: '1,234' can be read in two ways; say how numbers are written with --decimal and --thousands";
  EXPECT_EQ(error_of("x;y\n1;1,234\n2;5,678\n"), two_ways);
  EXPECT_EQ(read("x;y\n1;1,234\n2;5,678\n", {.decimal = ','}), two_by_two(1, 1.234, 2, 5.678));
  EXPECT_EQ(read("x;y\n1;1,234\n2;5,678\n", {.thousands = ','}), two_by_two(1, 1234, 2, 5678));
  EXPECT_EQ(read("x;y\n0,5;1,234\n2;5,678\n"), two_by_two(0.5, 1.234, 2, 5.678));
  // A decimal comma that slipped in among points, or points among commas.
  EXPECT_NE(error_of("x;y\n0.5;1.1\n1.5;2,5\n").find("'2,5' is written in another way than '0.5' in line 2"),
            std::string::npos);
  EXPECT_NE(error_of("x;y\n0,5;1.234\n1,5;5.678\n").find("can be read in two ways"), std::string::npos);
  EXPECT_NE(error_of("x;y\n1;1.234\n2;0,5\n").find("can be read in two ways"), std::string::npos);
  EXPECT_EQ(read("x,y\n1,1.234\n2,5.678\n"), two_by_two(1, 1.234, 2, 5.678));
  // Groups that are not of three digits are no thousands.
  EXPECT_EQ(error_of("x\n\"1,23,456\"\n"),
            ":2: column x: '1,23,456' is not a number; every cell of a column that is used must be a finite "
            "number");
}

TEST_F(Csv, SaysWhatTheFileLooksLikeAndWhatReadsIt) {
  EXPECT_EQ(error_of("x,y\n0.5,1.1\n1.5,2,0\n"),
            ":3: has 3 cells where ',' separates them, the header 2; decimal commas cannot be told from "
            "commas between "
            "columns: put such cells in quotes, or separate columns by semicolons");
  EXPECT_EQ(error_of("x y\n0,5 1,1\n1,5 2,0\n", {}),
            ":2: has 3 cells where ',' separates them, the header 1; the header names one column; say what "
            "separates "
            "columns with --separator, and the decimal mark with --decimal");
  EXPECT_EQ(read("x y\n0,5 1,1\n1,5 2,0\n", {.separator = CsvDialect::blank}), two_by_two(0.5, 1.1, 1.5, 2));
  EXPECT_EQ(error_of("% made\nx,y\n1,2\n3,4\n"),
            ":2: has 2 cells where ',' separates them, the header 1; line 1 looks like a comment: --comment "
            "'%' passes "
            "over such lines");
  EXPECT_EQ(read("% made\nx,y\n1,2\n3,4\n", {.comment = '%'}), two_by_two(1, 2, 3, 4));
  EXPECT_EQ(error_of("x,y\n1,2\n#3,4\n"),
            ":3: begins with #; --comment '#' passes over such lines, --comment none reads them");
  EXPECT_EQ(read("x,y\n1,2\n#3,4\n3,4\n", {.comment = '#'}), two_by_two(1, 2, 3, 4));
  EXPECT_EQ(error_of("a,b;c\nd,e;f\n"),
            ":1: can be separated in more than one way; say how with --separator");
  EXPECT_EQ(error_of("x,\xB5\n1,2\n"),
            ": byte 3 is not text in UTF-8; --encoding windows-1252 reads what many programs write, or name "
            "another");
  EXPECT_EQ(csv_columns(file("x,\xB5\n1,2\n"), {.encoding = "windows-1252"})[1], "\u00B5");
  EXPECT_EQ(error_of("x\n1\n", {.encoding = "morse"}),
            "--encoding: morse is not known; iconv --list names those that are");
}

// gnuplot's and NumPy's header.
TEST_F(Csv, AHeaderMayBeginWithAHash) {
  EXPECT_EQ(read("# made\n# cells,y\n1,2\n3,4\n"), two_by_two(1, 2, 3, 4));
  EXPECT_EQ(columns("# made\n# cells,y\n1,2\n"), (std::vector<std::string>{"# cells", "y"}));
}

TEST_F(Csv, RowsWithAMissingValueAreRefusedOrLeftOut) {
  const std::string text = "dose,note,signal\n0,NA,0.11\n0.5,,NA\n1,,n/a\n2,,\n,,5\nnan,,7\n4,,2.11\n";
  const auto path = file(text);
  CsvColumns kept(path, {"dose", "signal"}, {.missing = Missing::drop});
  EXPECT_EQ(kept.n_left_out(), 5);
  EXPECT_EQ(kept.n_rows(), 2);
  EXPECT_EQ(kept.read(10), two_by_two(0, 0.11, 4, 2.11));
  try {
    CsvColumns(path, {"dose", "signal"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              path.string() + ":3: column signal: 'NA' is no value; --missing drop leaves such rows out");
  }
  EXPECT_NE(error_of("x\n1\nabc\n", {.missing = Missing::drop}).find("'abc' is not a number"),
            std::string::npos);
}

TEST_F(Csv, NamesLineAndColumnOfWhatItCannotRead) {
  const std::string must = "; every cell of a column that is used must be a finite number";
  EXPECT_EQ(error_of(""), ": is empty; the first line must name the columns");
  EXPECT_EQ(error_of("# nothing else\n"), ": is empty; the first line must name the columns");
  EXPECT_EQ(error_of("0.1,2\n3,4\n"), ":1: is a line of numbers; the first line must name the columns");
  EXPECT_EQ(error_of("a,b,a\n"), ":1: two columns are called a; rename one");
  EXPECT_EQ(error_of("a,b\n1,2\n3\n"),
            ":3: has 1 cells where ',' separates them, the header 2; every row needs one cell a column");
  EXPECT_EQ(error_of("a,b\n1,2\n\n3,\n"),
            ":4: column b: a value is missing; --missing drop leaves such rows out");
  EXPECT_EQ(error_of("a,b\n1,2x\n"), ":2: column b: '2x' is not a number" + must);
  EXPECT_EQ(error_of("a\n0x10\n"), ":2: column a: '0x10' is not a number" + must);
  EXPECT_EQ(error_of("a\n-inf\n"), ":2: column a: '-inf' is not finite" + must);
  EXPECT_EQ(error_of("a\n+-1\n"), ":2: column a: '+-1' is not a number" + must);
  EXPECT_EQ(error_of("a\n1e999\n"), ":2: column a: '1e999' is beyond the range of a double" + must);
  EXPECT_EQ(error_of("a\n\"1\n2\n"), ":2: a quote that opens here is never closed; close it");
  EXPECT_EQ(error_of("a\n\"1\n3\"\nx\n"), ":2: column a: '1?3' is not a number" + must);
}

TEST_F(Csv, AWordOfAColumnIsZeroOrOne) {
  const auto path = file("Sex,\"a=b\",Hwt\nF,1,7\nM,2,7.5\n\"F\",3,9\n");
  Matrix expected(3, 3);
  expected << 1, 1, 0, 0, 2, 1, 1, 3, 0;
  EXPECT_EQ(read_csv(path, {"Sex=F", "a=b", "Sex=M"}), expected);
  EXPECT_THROW(read_csv(path, {"sex=F"}), InputError);
  const auto missing = file("Sex\nF\nNA\n");
  EXPECT_THROW(read_csv(missing, {"Sex=F"}), InputError);
  EXPECT_EQ(read_csv(missing, {"Sex=F"}, {.missing = Missing::drop}), Matrix::Ones(1, 1));
  EXPECT_NE(error_of("\"What, else\"\nF\n").find("; of a column of words, \"What, else=F\" asks for 1 where"),
            std::string::npos);
}

TEST_F(Csv, FindsTheColumnsOfWords) {
  const auto path = file("Sex,x,mixed,odd,id\nM,1,a,inf,NA\nF,2,b,nan,\nM,3,7,1e999,.\nNA,b,c,x,\n");
  const std::vector<WordColumn> columns = word_columns(path, {"x", "Sex=M", "mixed", "odd", "Sex", "id"});
  ASSERT_EQ(columns.size(), 1U);
  EXPECT_EQ(columns[0].name, "Sex");
  EXPECT_EQ(columns[0].words, (std::vector<std::string>{"F", "M"}));
  EXPECT_EQ(columns[0].n_cells, 3);
  const auto points = file("Sex\nF\nm\n");
  EXPECT_EQ(read_csv(points, {"Sex=M"}), Matrix::Zero(2, 1));
  try {
    CsvColumns(points, {"Sex=M"}, {}, columns);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              points.string() + ":3: column Sex: 'm' is none of the words that were there before: F, M");
  }
}

TEST_F(Csv, ListsTheColumnsWhereOneIsMissing) {
  const auto path = file("a,\"b, c\"\n1,2\n");
  try {
    CsvColumns(path, {"a", "z"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()), path.string() +
                                             ": has no column 'z'; its columns: a, \"b, c\"; give those in "
                                             "quotes with their quotes");
  }
}

TEST(CsvFile, ThatIsMissingOrAFolderIsNamed) {
  EXPECT_THROW(csv_columns("no such file.csv"), InputError);
  EXPECT_THROW(csv_columns(testing::TemporaryFolder().path()), InputError);
}

TEST(CsvCell, IsQuotedWhereItHasToBe) {
  EXPECT_EQ(csv_cell("y0:x1"), "y0:x1");
  EXPECT_EQ(csv_cell("y0:w1[2,3]"), "\"y0:w1[2,3]\"");
  EXPECT_EQ(csv_cell("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(csv_cell("# cells"), "\"# cells\"");
}

}  // namespace
}  // namespace jacobench
