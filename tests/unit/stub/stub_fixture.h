// A server with a session of its own, driven without gRPC.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stub/ddl/ddl.h"
#include "stub/server/server.h"
#include "stub/sql/parse/error.h"

namespace kalam::stub {

namespace pb = kalamdb::pg;

inline Options frozen_options() {
  Options options;
  options.clock_start_us = 1795386000000000;  // 2026-11-22
  return options;
}

class ServerTest : public testing::Test {
 protected:
  explicit ServerTest(Options options = frozen_options()) : server_(options) {
    context_.credentials.authorization = "Bearer bridge-token-0123456789";
    session_ = open();
  }

  std::string open(const std::string& proposed = "") {
    pb::OpenSessionRequest request;
    pb::OpenSessionResponse response;
    request.set_session_id(proposed);
    EXPECT_EQ(server_.open_session(context_, request, response).message, "");
    context_.session_token = response.session_token();
    return response.session_id();
  }

  std::string ddl(const std::string& sql) {
    SqlContext sql_context;
    try {
      auto outcome = try_ddl(server_.store(), sql_context, sql);
      if (!outcome) return "not a statement of the DDL";
      return outcome->ok ? outcome->message : outcome->error;
    } catch (const sql::SqlError& error) {
      return error.text;  // of the lexer
    }
  }

  template <class Request>
  Request target(const std::string& table, const std::string& user) {
    Request request;
    request.set_session_id(session_);
    request.set_namespace_("app");
    request.set_table_name(table);
    request.set_table_type(user.empty() ? "shared" : "user");
    if (!user.empty()) request.set_user_id(user);
    return request;
  }

  Status insert(const std::string& table, const std::vector<std::string>& rows, const std::string& user = "") {
    auto request = target<pb::InsertRequest>(table, user);
    for (const std::string& row : rows) request.add_rows_json(row);
    pb::InsertResponse response;
    return server_.insert(context_, request, response);
  }

  Status update(const std::string& table, const std::string& key, const std::string& json,
                const std::string& user = "") {
    auto request = target<pb::UpdateRequest>(table, user);
    request.set_pk_value(key);
    request.set_updates_json(json);
    pb::UpdateResponse response;
    Status status = server_.update(context_, request, response);
    affected_ = response.affected_rows();
    return status;
  }

  Status erase(const std::string& table, const std::string& key, const std::string& user = "") {
    auto request = target<pb::DeleteRequest>(table, user);
    request.set_pk_value(key);
    pb::DeleteResponse response;
    Status status = server_.erase(context_, request, response);
    affected_ = response.affected_rows();
    return status;
  }

  // How many rows a scan gives; -1: it failed and status_ says why.
  int64_t scan(const std::string& table, const std::string& user = "", const std::string& filter_column = "",
               const std::string& filter_value = "") {
    auto request = target<pb::ScanRequest>(table, user);
    if (!filter_column.empty()) {
      auto* filter = request.add_filters();
      filter->set_column(filter_column);
      filter->set_op("eq");
      filter->set_value(filter_value);
    }
    pb::ScanResponse response;
    uint64_t rows = 0;
    status_ = server_.scan(context_, request, response, rows);
    return status_.ok() ? static_cast<int64_t>(rows) : -1;
  }

  std::string begin() {
    pb::BeginTransactionRequest request;
    pb::BeginTransactionResponse response;
    request.set_session_id(session_);
    status_ = server_.begin(context_, request, response);
    return response.transaction_id();
  }

  Status commit(const std::string& id) {
    pb::CommitTransactionRequest request;
    pb::CommitTransactionResponse response;
    request.set_session_id(session_);
    request.set_transaction_id(id);
    return server_.commit(context_, request, response);
  }

  void make_table(const std::string& columns = "id BIGINT PRIMARY KEY, a INT NOT NULL, b TEXT",
                  const std::string& name = "t", const std::string& kind = "SHARED") {
    ddl("CREATE NAMESPACE IF NOT EXISTS app");
    ASSERT_NE(ddl("CREATE " + kind + " TABLE app." + name + " (" + columns + ")").find("created"), std::string::npos);
  }

  static std::string row(int id, int a) {
    return R"({"id":{"Int64":")" + std::to_string(id) + R"("},"a":{"Int32":)" + std::to_string(a) + "}}";
  }

  Server server_;
  CallContext context_;
  std::string session_;
  Status status_;
  uint64_t affected_ = 0;
};

}  // namespace kalam::stub
