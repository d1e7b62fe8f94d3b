// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml): IMPORT FOREIGN SCHEMA.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

List* kalam_import_foreign_schema(ImportForeignSchemaStmt* statement, Oid serverid);
