// The columns that a scan asks the server for, and how its answers become values of attributes.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/types/datum_from_arrow.h"

// A column of a window whose values are datums already.
struct KalamReadyColumn {
  const Datum* datums;
  const uint8_t* nulls;  // NULL: there are none
  int index;             // of the attribute
};

struct KalamScanColumns {
  const KalamRelation* remote;
  const char* server_name;  // for messages
  int count;
  const char** names;  // remote names, each once
  int reader_count;
  KalamColumnReader* readers;
  KalamReadyColumn* ready;  // [reader_count]: of the window that was converted as a whole
  uint32_t* reader_column;  // [reader_count + 1]: index into names and windows; the last one is version_index
  int key_reader;           // index into readers; -1: the key is not fetched
  int version_index;        // into names; -1: not needed, as no row is changed
  bool changes_rows;        // rows are to be changed
  int user_id_count;
  AttrNumber* user_id_attributes;  // read as the subject
  Datum user_id_value;
  bool is_bound;    // readers know the answer's schema
  bool reads_text;  // some of them call an input function of a type, which shows the value that it refuses
};

// Which columns are asked for: those of the attributes (list of numbers), the key where rows have to be told apart, and
// the version where they are to be changed. `subject`: NULL where there is none. In the current memory context.
KalamScanColumns* kalam_scan_columns_create(const KalamRelation* remote, const char* server_name, TupleDesc tupdesc,
                                            List* attributes, bool needs_key, bool needs_version, const char* subject);

// Asks for one more of the relation's columns, which no attribute is read from. Index into the names.
int kalam_scan_columns_add(KalamScanColumns* columns, int remote_column);

// To be called last: no column at all would ask for every one of them, where the rows are to be counted.
void kalam_scan_columns_complete(KalamScanColumns* columns);

// Chooses the conversions for an answer's schema. Every answer is bound anew: its schema may be another one, after a
// change of the remote table.
void kalam_scan_columns_bind(KalamScanColumns* columns, const kalam::Window* schema);

// Makes a window the current one. True: all of its values are datums already, in `ready`.
bool kalam_scan_columns_window(KalamScanColumns* columns, const kalam::Window* window);
