// Any bytes as a statement for the stub's SQL: it must answer or refuse, and nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "stub/sql/run/engine.h"

namespace {

using namespace kalam::stub;

struct Server {
  Clock clock;
  IdSource ids{1};
  Store store{":memory:", clock, ids};
  SqlContext context;

  Server() {
    for (const char* sql : {
             "CREATE NAMESPACE cf_dia",
             "CREATE SHARED TABLE cf_dia.t (id BIGINT PRIMARY KEY, i2 SMALLINT, i4 INT, f4 FLOAT, f8 DOUBLE, bo "
             "BOOLEAN, "
             "tx TEXT, da DATE, ti TIME, ts TIMESTAMP, dt DATETIME, de DECIMAL(10,2), uu UUID, by BYTES, js JSON)",
             "CREATE SHARED TABLE cf_dia.o (oid BIGINT PRIMARY KEY, tid BIGINT, amount DECIMAL(10,2), q INT)",
             "CREATE USER TABLE cf_dia.u (id TEXT PRIMARY KEY, a INT DEFAULT 5)",
             "INSERT INTO cf_dia.t (id, i2, i4, f4, f8, bo, tx, da, ts, de, js) VALUES (1, 1, 1, 1.5, 2.5, true, 't1', "
             "'2024-01-02', '2024-01-01 00:00:01', 1.5, '{\"k\":1}'), (2, NULL, -7, 'NaN', 'inf', false, '', "
             "'0001-01-01', '9999-12-31 00:00:00', -99999999.99, 'not json')",
             "INSERT INTO cf_dia.o (oid, tid, amount, q) VALUES (1, 1, 1.11, 1), (2, 1, NULL, 2), (3, 2, 3.33, NULL)",
         }) {
      if (!execute_statement(store, context, sql).ok) std::abort();
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto server = std::make_unique<Server>();
  static int runs = 0;
  // Statements change the store; a fresh one now and then keeps findings reproducible.
  if (++runs % 2000 == 0) server = std::make_unique<Server>();
  SqlOutcome outcome =
      execute_statement(server->store, server->context, std::string_view(reinterpret_cast<const char*>(data), size));
  if (!outcome.ok && outcome.error.empty()) std::abort();
  for (const Row& row : outcome.rows.rows) {
    if (row.size() != outcome.rows.fields.size()) std::abort();
  }
  return 0;
}
