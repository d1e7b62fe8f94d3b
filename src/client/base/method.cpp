#include "client/base/method.h"

namespace kalam {

const MethodInfo& method_info(Method method) {
  static constexpr MethodInfo kMethods[] = {
      {"/kalamdb.pg.PgService/Ping", "Ping", 0, true, false},
      {"/kalamdb.pg.PgService/OpenSession", "OpenSession", 1, true, false},
      {"/kalamdb.pg.PgService/CloseSession", "CloseSession", 1, false, false},
      {"/kalamdb.pg.PgService/Scan", "Scan", 4, false, true},
      {"/kalamdb.pg.PgService/Insert", "Insert", 4, false, true},
      {"/kalamdb.pg.PgService/Update", "Update", 4, false, true},
      {"/kalamdb.pg.PgService/Delete", "Delete", 4, false, true},
      {"/kalamdb.pg.PgService/BeginTransaction", "BeginTransaction", 1, false, true},
      {"/kalamdb.pg.PgService/CommitTransaction", "CommitTransaction", 1, false, true},
      {"/kalamdb.pg.PgService/RollbackTransaction", "RollbackTransaction", 1, false, true},
      {"/kalamdb.pg.PgService/ExecuteSql", "ExecuteSql", 2, false, true},
      {"/kalamdb.pg.PgService/ExecuteQuery", "ExecuteQuery", 2, false, true},
  };
  return kMethods[static_cast<unsigned>(method)];
}

}  // namespace kalam
