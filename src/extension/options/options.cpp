#include "extension/options/options.h"

#include "extension/base/settings.h"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
}

constexpr uint32_t DEFAULT_CONNECT_TIMEOUT_MS = 10000;
constexpr const char* BLANKS = " \t\r\n\f\v";

// The value of an option without surrounding blanks, or NULL.
static const char* get_text(const List* options, const char* name) {
  ListCell* cell;
  foreach (cell, options) {
    DefElem* element = (DefElem*)lfirst(cell);
    if (strcmp(element->defname, name) == 0) return kalam_option_trim(defGetString(element));
  }
  return nullptr;
}

// Values were checked when they were set; a catalog that was edited by hand gets the default.
static int64 get_integer(const List* options, const char* name, int64 otherwise) {
  const char* text = get_text(options, name);
  return text != nullptr ? strtoll(text, nullptr, 10) : otherwise;
}

static bool get_boolean(const List* options, const char* name, bool otherwise) {
  const char* text = get_text(options, name);
  bool value;
  return text != nullptr && parse_bool(text, &value) ? value : otherwise;
}

static bool has_credentials(const List* options) {
  return get_text(options, "auth_mode") != nullptr || get_text(options, "auth_header") != nullptr ||
         get_text(options, "login_user") != nullptr || get_text(options, "login_password") != nullptr;
}

[[noreturn]] static void missing_option(const ForeignServer* server, const char* option, const char* why) {
  ereport(ERROR, (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
                  errmsg("option \"%s\" is required for foreign server \"%s\"%s", option, server->servername, why)));
  pg_unreachable();
}

static void get_credentials(const ForeignServer* server, const List* options, kalam::ConnectionOptions* connection) {
  const char* mode = get_text(options, "auth_mode");

  connection->auth_header = get_text(options, "auth_header");
  connection->login_user = get_text(options, "login_user");
  connection->login_password = get_text(options, "login_password");
  if (mode == nullptr) {
    mode = connection->auth_header != nullptr                                           ? "static_header"
           : connection->login_user != nullptr || connection->login_password != nullptr ? "account_login"
                                                                                        : "none";
  }

  if (pg_strcasecmp(mode, "static_header") == 0) {
    connection->auth_mode = kalam::AuthMode::static_header;
    if (connection->auth_header == nullptr) {
      missing_option(server, "auth_header", " or its user mapping when \"auth_mode\" is \"static_header\"");
    }
  } else if (pg_strcasecmp(mode, "account_login") == 0) {
    connection->auth_mode = kalam::AuthMode::account_login;
    if (connection->login_user == nullptr || connection->login_password == nullptr) {
      missing_option(server, connection->login_user == nullptr ? "login_user" : "login_password",
                     " or its user mapping when \"auth_mode\" is \"account_login\"");
    }
  } else {
    connection->auth_mode = kalam::AuthMode::none;
    connection->auth_header = nullptr;
  }
}

void kalam_server_options(const ForeignServer* server, const UserMapping* mapping, KalamServerOptions* options) {
  const List* of_server = server->options;
  const List* of_mapping = mapping != nullptr ? mapping->options : NIL;
  kalam::ConnectionOptions* connection = &options->connection;

  memset(options, 0, sizeof(*options));
  connection->host = get_text(of_server, "host");
  if (connection->host == nullptr) missing_option(server, "host", "");
  connection->port = (uint16_t)get_integer(of_server, "port", 0);
  if (connection->port == 0) missing_option(server, "port", "");

  connection->call_timeout_ms = (uint32_t)get_integer(of_server, "timeout", 0);
  uint32_t connect_timeout = DEFAULT_CONNECT_TIMEOUT_MS;
  if (connection->call_timeout_ms != 0) connect_timeout = Min(connect_timeout, connection->call_timeout_ms);
  connection->connect_timeout_ms = (uint32_t)get_integer(of_server, "connect_timeout", connect_timeout);

  get_credentials(server, has_credentials(of_mapping) ? of_mapping : of_server, connection);

  const List* of_certificate = get_text(of_mapping, "client_cert") != nullptr ? of_mapping : of_server;
  connection->client_cert = get_text(of_certificate, "client_cert");
  connection->client_key = get_text(of_certificate, "client_key");
  connection->ca_cert = get_text(of_server, "ca_cert");
  connection->tls_server_name = get_text(of_server, "tls_server_name");
  connection->leader_hosts = get_text(of_server, "leader_hosts");
  connection->use_tls = get_boolean(of_server, "tls", connection->ca_cert != nullptr);
  if (!connection->use_tls && (connection->ca_cert != nullptr || connection->client_cert != nullptr)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("certificates are given for foreign server \"%s\", but TLS is off", server->servername),
                    errhint("Set option \"tls\" or \"ca_cert\".")));
  }

  connection->quick_ack = get_boolean(of_server, "quick_ack", true);
  connection->max_response_bytes = kalam_setting_max_response_bytes();
  const char* limit = get_text(of_server, "max_response_size");
  int kilobytes;
  if (limit != nullptr && parse_int(limit, &kilobytes, GUC_UNIT_KB, nullptr)) {
    connection->max_response_bytes = (uint64_t)kilobytes * 1024;
  }
  options->user_id = get_text(of_mapping, "user_id");
}

char* kalam_option_trim(const char* value) {
  value += strspn(value, BLANKS);
  size_t size = strlen(value);
  while (size > 0 && strchr(BLANKS, value[size - 1]) != nullptr) size--;
  return size > 0 ? pnstrdup(value, size) : nullptr;
}

void kalam_table_options(Oid relid, KalamTableOptions* options) {
  kalam_table_options_of(relid, GetForeignTable(relid)->options, options);
}

void kalam_table_options_of(Oid relid, const List* list, KalamTableOptions* options) {
  memset(options, 0, sizeof(*options));
  options->own_namespace = get_text(list, "namespace");
  if (options->own_namespace == nullptr) options->own_namespace = get_namespace_name(get_rel_namespace(relid));
  options->name_space = kalam_full_namespace(GetForeignServerIdByRelId(relid), options->own_namespace);
  options->table = get_text(list, "table");
  if (options->table == nullptr) options->table = get_rel_name(relid);
  const char* kind = get_text(list, "table_type");
  options->has_kind = kind != nullptr && kalam_table_kind_from_text(kind, &options->kind);
  const char* on_drop = get_text(list, "on_drop");
  bool drops = on_drop != nullptr && pg_strcasecmp(on_drop, "drop") == 0;
  const char* made_by = get_text(list, "made_by");
  options->is_made_elsewhere = drops && made_by != nullptr && strcmp(made_by, kalam_made_by_this_database()) != 0;
  options->on_drop = drops && !options->is_made_elsewhere ? KalamOnDrop::drop : KalamOnDrop::keep;
}

char* kalam_namespace_prefix(Oid serverid) {
  return kalam_namespace_prefix_of(GetForeignServer(serverid)->options);
}

char* kalam_namespace_prefix_of(const List* server_options) {
  const char* prefix = get_text(server_options, "namespace_prefix");
  return prefix != nullptr ? asc_tolower(prefix, strlen(prefix)) : pstrdup("");
}

char* kalam_full_namespace(Oid serverid, const char* own_namespace) {
  return psprintf("%s%s", kalam_namespace_prefix(serverid), own_namespace);
}

char* kalam_made_by_this_database() {
  return psprintf(UINT64_FORMAT "/%u", GetSystemIdentifier(), MyDatabaseId);
}

char* kalam_column_name(Oid relid, AttrNumber attnum) {
  return kalam_column_name_of(relid, attnum, GetForeignColumnOptions(relid, attnum));
}

char* kalam_column_name_of(Oid relid, AttrNumber attnum, const List* list) {
  const char* name = get_text(list, "column_name");
  return name != nullptr ? pstrdup(name) : get_attname(relid, attnum, false);
}

bool kalam_column_is_canonical(Oid relid, AttrNumber attnum) {
  return get_boolean(GetForeignColumnOptions(relid, attnum), "canonical", false);
}

bool kalam_table_kind_from_text(const char* text, kalam::TableKind* kind) {
  for (int i = 0; i <= (int)kalam::TableKind::system; i++) {
    if (pg_strcasecmp(text, kalam_table_kind_text((kalam::TableKind)i)) == 0) {
      *kind = (kalam::TableKind)i;
      return true;
    }
  }
  return false;
}

const char* kalam_table_kind_text(kalam::TableKind kind) {
  switch (kind) {
    case kalam::TableKind::shared:
      return "shared";
    case kalam::TableKind::user:
      return "user";
    case kalam::TableKind::stream:
      return "stream";
    case kalam::TableKind::system:
      return "system";
  }
  return "unknown";
}

bool kalam_is_plain_name(const char* name) {
  if (*name == '\0' || (*name >= '0' && *name <= '9')) return false;
  for (const char* p = name; *p != '\0'; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_';
    if (!plain) return false;
  }
  return true;
}
