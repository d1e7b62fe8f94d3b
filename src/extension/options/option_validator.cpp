// Checks options when they are set: CREATE and ALTER SERVER, USER MAPPING, FOREIGN TABLE.
#include "client/api.h"
#include "extension/base/preload.h"
#include "extension/base/settings.h"
#include "extension/options/option_table.h"
#include "extension/options/options.h"

extern "C" {
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/fmgroids.h"
#include "utils/varlena.h"
}

static bool is_inline_pem(const char* value) {
  return strstr(value, "-----BEGIN") != nullptr;
}

static void check_plain_text(const KalamOption* option, const char* value) {
  for (const char* p = value; *p != '\0'; p++) {
    if ((unsigned char)*p < 0x20 || *p == 0x7f) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("value of option \"%s\" contains a control character", option->name)));
    }
  }
}

static void check_integer(const KalamOption* option, const char* value) {
  char* end;
  errno = 0;
  long long number = strtoll(value, &end, 10);
  if (end == value || *end != '\0') {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for integer option \"%s\": \"%s\"", option->name, value)));
  }
  if (errno == ERANGE || number < option->low || number > option->high) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("value %s is outside the valid range of option \"%s\"", value, option->name),
             errdetail("Valid values are between %lld and %lld.", (long long)option->low, (long long)option->high)));
  }
}

static void check_choice(const KalamOption* option, const char* value) {
  char* list = pstrdup(option->choices);
  char* rest = nullptr;
  for (char* item = strtok_r(list, ", ", &rest); item != nullptr; item = strtok_r(nullptr, ", ", &rest)) {
    if (pg_strcasecmp(item, value) == 0) return;
  }
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("invalid value for option \"%s\": \"%s\"", option->name, value),
                  errhint("Valid values are: %s.", option->choices)));
}

static void check_name(const KalamOption* option, const char* value, bool user_id) {
  kalam::Status status;
  bool good = user_id ? kalam_check_user_id(value, strlen(value), &status)
                      : kalam::check_identifier(value, strlen(value), &status);
  if (!good) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for option \"%s\": \"%s\"", option->name, value),
                    errdetail_internal("%s", status.detail[0] != '\0' ? status.detail : status.message)));
  }
}

// A blank list, or item, would leave open whether it means none or all.
static void check_namespaces(const KalamOption* option, const char* value) {
  const char* item = value;
  for (;;) {
    size_t size = strcspn(item, ",");
    const char* name = kalam_option_trim(pnstrdup(item, size));
    if (name == nullptr || !kalam_is_plain_name(name)) {
      ereport(ERROR,
              (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
               errmsg("invalid value for option \"%s\": \"%s\"", option->name, value),
               errdetail("It is a list of names of KalamDB namespaces, separated by commas. They consist of ASCII "
                         "letters, digits and underscores.")));
    }
    if (item[size] == '\0') return;
    item += size + 1;
  }
}

static void check_host(const KalamOption* option, const char* value, kalam::HostUse use) {
  kalam::Status status;
  check_plain_text(option, value);
  if (kalam::check_host(value, strlen(value), use, &status)) return;
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
           errmsg("invalid value for option \"%s\": \"%s\"", option->name, value), errdetail("%s", status.detail)));
}

static void check_hosts(const KalamOption* option, const char* value) {
  char* rest = nullptr;
  for (char* item = strtok_r(pstrdup(value), ",", &rest); item != nullptr; item = strtok_r(nullptr, ",", &rest)) {
    const char* host = kalam_option_trim(item);
    if (host != nullptr) check_host(option, host, kalam::HostUse::leaders);
  }
}

static void check_file(const KalamOption* option, const char* value) {
  if (is_inline_pem(value)) return;
  check_plain_text(option, value);
  if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES)) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to set option \"%s\" to the name of a file", option->name),
                    errdetail("Only roles with privileges of the \"%s\" role may name files of the database server.",
                              "pg_read_server_files"),
                    errhint("Give the PEM text itself as the value.")));
  }
}

// Whoever chooses the subject chooses a tenant: it takes the same right as the setting.
static void check_subject_right() {
  if (superuser() || pg_parameter_aclcheck("kalam.user_id", GetUserId(), ACL_SET) == ACLCHECK_OK) return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("permission denied to set option \"%s\" of a user mapping", "user_id"),
                  errdetail("Only superusers and roles that may set \"%s\" may choose the user id.", "kalam.user_id"),
                  errhint("A superuser can GRANT SET ON PARAMETER %s.", "kalam.user_id")));
}

// What is there already is looked for by the hook (ddl/create.cpp), which a statement that loads the library is
// without.
static void check_drop_right(const char* value) {
  if (pg_strcasecmp(value, "drop") != 0 || kalam_hook_is_active() || superuser()) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("option \"%s\" needs the library pg_kalam to be loaded when the session starts", "on_drop"),
                  errhint("Add pg_kalam to session_preload_libraries or shared_preload_libraries. In this session the "
                          "library is loaded now: the statement can be repeated.")));
}

static const char* find_value(List* options, const char* name) {
  ListCell* cell;
  foreach (cell, options) {
    DefElem* element = (DefElem*)lfirst(cell);
    if (strcmp(element->defname, name) == 0) return kalam_option_trim(defGetString(element));
  }
  return nullptr;
}

// Contradictions that are certain, whatever the user mapping or the server adds (spec 14.2).
static void check_combinations(List* options) {
  const char* mode = find_value(options, "auth_mode");
  bool header = find_value(options, "auth_header") != nullptr;
  bool login = find_value(options, "login_user") != nullptr || find_value(options, "login_password") != nullptr;

  if (header && login) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("option \"%s\" cannot be used together with \"%s\"", "auth_header",
                           find_value(options, "login_user") != nullptr ? "login_user" : "login_password")));
  }
  // A header is kept, but not sent, with mode none.
  if (mode != nullptr &&
      ((header && pg_strcasecmp(mode, "account_login") == 0) || (login && pg_strcasecmp(mode, "account_login") != 0))) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("option \"%s\" cannot be used when \"%s\" is \"%s\"", header ? "auth_header" : "login_user",
                           "auth_mode", mode)));
  }
  if ((find_value(options, "client_cert") == nullptr) != (find_value(options, "client_key") == nullptr)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("options \"%s\" and \"%s\" must be given together", "client_cert", "client_key")));
  }
}

// What other foreign data wrappers and libpq call it; NULL where nothing of that name is known, or valid here.
static const char* find_synonym(const char* name, const char* const* names, int count) {
  static const struct {
    const char* other;
    const char* ours;
  } synonyms[] = {
      {"address", "host"},        {"auth_token", "auth_header"},  {"dbname", "namespace"}, {"database", "namespace"},
      {"hostaddr", "host"},       {"password", "login_password"}, {"schema", "namespace"}, {"schema_name", "namespace"},
      {"sslcert", "client_cert"}, {"sslkey", "client_key"},       {"sslmode", "tls"},      {"sslrootcert", "ca_cert"},
      {"table_name", "table"},    {"token", "auth_header"},       {"user", "login_user"},  {"username", "login_user"},
  };
  for (const auto& synonym : synonyms) {
    if (pg_strcasecmp(synonym.other, name) != 0) continue;
    for (int i = 0; i < count; i++) {
      if (strcmp(names[i], synonym.ours) == 0) return names[i];
    }
  }
  return nullptr;
}

static void notice_readable_credentials(const KalamOption* option, const char* value) {
  bool credential =
      option->type == KalamOptionType::secret || (strcmp(option->name, "client_key") == 0 && is_inline_pem(value));
  if (!credential) return;
  ereport(NOTICE, (errmsg("option \"%s\" of a foreign server can be read by every role", option->name),
                   errhint("Put credentials into user mappings.")));
}

const KalamOption* kalam_option_find(const char* name, Oid catalog) {
  for (int i = 0; i < kalam_option_count; i++) {
    const KalamOption* option = &kalam_option_table[i];
    if (option->catalog == catalog && strcmp(option->name, name) == 0) return option;
  }
  return nullptr;
}

void kalam_option_check_value(const KalamOption* option, const char* text) {
  const char* value = kalam_option_trim(text);
  if (option->type == KalamOptionType::namespaces) check_namespaces(option, text);
  if (value == nullptr) return;
  switch (option->type) {
    case KalamOptionType::text:
    case KalamOptionType::secret:
      check_plain_text(option, value);
      break;
    case KalamOptionType::host:
      check_host(option, value, kalam::HostUse::connect);
      break;
    case KalamOptionType::tls_name:
      check_host(option, value, kalam::HostUse::verify);
      break;
    case KalamOptionType::hosts:
      check_hosts(option, value);
      break;
    case KalamOptionType::file:
      check_file(option, value);
      break;
    case KalamOptionType::integer:
      check_integer(option, value);
      break;
    case KalamOptionType::size: {
      int kilobytes;
      const char* hint = nullptr;
      if (!parse_int(value, &kilobytes, GUC_UNIT_KB, &hint) || kilobytes < 0) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("invalid value for option \"%s\": \"%s\"", option->name, value),
                        hint != nullptr ? errhint("%s", hint) : 0));
      }
      break;
    }
    case KalamOptionType::boolean: {
      bool ignored;
      if (!parse_bool(value, &ignored)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("invalid value for boolean option \"%s\": \"%s\"", option->name, value)));
      }
      break;
    }
    case KalamOptionType::choice:
      check_choice(option, value);
      break;
    case KalamOptionType::identifier:
    case KalamOptionType::column:
      check_name(option, value, false);
      break;
    case KalamOptionType::namespaces:
      break;  // above
    case KalamOptionType::names:
      OidInputFunctionCall(F_ARRAY_IN, pstrdup(value), TEXTOID, -1);
      break;
    case KalamOptionType::subject:
      check_name(option, value, true);
      check_subject_right();
      break;
  }
}

void kalam_option_unknown(const char* name, Oid catalog, bool in_with) {
  static const char* const with_names[] = {"type", "namespace", "table", "server", "system_columns"};
  const char** names = (const char**)palloc((kalam_option_count + lengthof(with_names)) * sizeof(char*));
  int count = 0;

  if (in_with) {
    for (const char* own : with_names) names[count++] = own;
  }
  for (int i = 0; i < kalam_option_count; i++) {
    const KalamOption* option = &kalam_option_table[i];
    if (option->catalog == catalog && (!in_with || option->remote)) names[count++] = option->name;
  }

  const char* meant = find_synonym(name, names, count);
  if (meant == nullptr) meant = kalam_closest_name(name, names, count);
  StringInfoData all;
  initStringInfo(&all);
  for (int i = 0; i < count; i++) appendStringInfo(&all, "%s%s", i > 0 ? ", " : "", names[i]);
  ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", name),
                  meant != nullptr ? errhint("Perhaps you meant the option \"%s\".", meant)
                  : count > 0      ? errhint("Valid options in this context are: %s.", all.data)
                                   : errhint("There are no valid options in this context.")));
  pg_unreachable();
}

const char* kalam_closest_name(const char* name, const char* const* names, int count) {
  constexpr int MAX_DISTANCE = 4;  // as PostgreSQL's own ClosestMatch callers
  const char* best = nullptr;
  int best_distance = MAX_DISTANCE + 1;
  int size = (int)strlen(name);

  if (size == 0 || size > NAMEDATALEN) return nullptr;
  for (int i = 0; i < count; i++) {
    int distance =
        varstr_levenshtein_less_equal(name, size, names[i], (int)strlen(names[i]), 1, 1, 1, best_distance - 1, true);
    // No similarity at all when half of the name is different.
    if (distance < best_distance && distance <= size / 2) {
      best = names[i];
      best_distance = distance;
    }
  }
  return best;
}

KALAM_SQL_FUNCTION(kalam_validator) {
  List* options = untransformRelOptions(PG_GETARG_DATUM(0));
  Oid catalog = PG_GETARG_OID(1);
  ListCell* cell;

  foreach (cell, options) {
    DefElem* element = (DefElem*)lfirst(cell);
    const KalamOption* option = kalam_option_find(element->defname, catalog);
    if (option == nullptr) kalam_option_unknown(element->defname, catalog, false);

    const char* value = kalam_option_trim(defGetString(element));
    kalam_option_check_value(option, defGetString(element));
    if (value == nullptr) continue;
    if (option->type == KalamOptionType::choice && strcmp(option->name, "on_drop") == 0) check_drop_right(value);
    if (catalog == ForeignServerRelationId) notice_readable_credentials(option, value);
  }
  if (catalog == ForeignServerRelationId || catalog == UserMappingRelationId) check_combinations(options);
  PG_RETURN_VOID();
}
