#include "stub/store/codec.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <limits>

#include "stub/arrow/types.h"

namespace kalam::stub {
namespace {

TEST(Codec, DoublesKeepTheirOrderAsBytes) {
  double inf = std::numeric_limits<double>::infinity();
  const double rising[] = {-inf, -1e300, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.5, 1e300, inf, std::nan("")};
  for (size_t i = 1; i < std::size(rising); i++) {
    EXPECT_LT(encode_double(rising[i - 1]), encode_double(rising[i])) << i;
    EXPECT_LT(encode_float(static_cast<float>(std::min(rising[i - 1], 1e30))), encode_float(std::nanf("")));
  }
  for (double number : rising) {
    double back = decode_double(encode_double(number));
    EXPECT_TRUE(back == number || (std::isnan(back) && std::isnan(number)));
    EXPECT_EQ(std::signbit(back), std::signbit(number));
  }
}

TEST(Codec, DecimalsKeepTheirOrderAsBytes) {
  Int128 huge = 1;
  for (int i = 0; i < 38; i++) huge *= 10;
  const Int128 rising[] = {-huge, -1, 0, 1, huge};
  for (size_t i = 0; i < std::size(rising); i++) {
    EXPECT_TRUE(decode_decimal(encode_decimal(rising[i])) == rising[i]);
    if (i > 0) {
      EXPECT_LT(encode_decimal(rising[i - 1]), encode_decimal(rising[i]));
    }
  }
}

TEST(Codec, EveryTypeComesBackFromSqlite) {
  DataType embedding = *type_of_sql_name("EMBEDDING(2)");
  struct Case {
    DataType type;
    Value value;
  };
  const Case cases[] = {
      {type_of(TypeId::boolean), {true}},
      {type_of(TypeId::int64), {std::numeric_limits<int64_t>::min()}},
      {type_of(TypeId::uint64), {std::numeric_limits<uint64_t>::max()}},
      {type_of(TypeId::float32), {1.5F}},
      {type_of(TypeId::float64), {-2.25}},
      {type_of(TypeId::utf8), {std::string("a\0b'c", 5)}},
      {type_of(TypeId::binary), {std::string("\0\xff", 2)}},
      {decimal_of(38, 2), {static_cast<Int128>(-12345)}},
      {embedding, {List{{1.5F}, {-2.0F}}}},
      {type_of(TypeId::utf8), {}},
  };
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  for (const Case& item : cases) {
    // Once as a bound parameter, once as a literal: both must be the same value.
    std::string sql =
        "SELECT ?1, " + sql_literal(item.value, item.type) + ", ?1 IS " + sql_literal(item.value, item.type);
    sqlite3_stmt* statement = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sql;
    bind_value(statement, 1, item.value, item.type);
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    std::string sent = sql_literal(item.value, item.type);
    EXPECT_EQ(sql_literal(read_column(statement, 0, item.type), item.type), sent);
    EXPECT_EQ(sql_literal(read_column(statement, 1, item.type), item.type), sent);
    EXPECT_EQ(sqlite3_column_int(statement, 2), 1) << sql;
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
}

}  // namespace
}  // namespace kalam::stub
