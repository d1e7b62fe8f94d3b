// The callbacks of the foreign data wrapper, filled in by the files that implement them.
#pragma once

#include "extension/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

// Name of the foreign data wrapper that CREATE EXTENSION makes, and of the foreign server that USING kalamdb and
// kalam_exec(sql) use.
constexpr const char* KALAM_FDW_NAME = "pg_kalam";
constexpr const char* KALAM_DEFAULT_SERVER = "kalam_server";
