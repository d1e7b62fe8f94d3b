// All values of a window's column as datums at once, for the types that nearly every table is made of: a call for each
// value costs as much as the rest of a row's way through the scan. Whatever a value may fail with is left to the
// reading one by one, which raises the error when its row is reached.
#include "extension/types/datum_from_arrow.h"
#include "extension/types/text_forms.h"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/date.h"
#include "utils/uuid.h"
}

using kalam::ColumnKind;
using kalam::ColumnView;

// Fewer rows, such as a lookup's one, are not worth the detour.
constexpr uint32 ROWS_MIN = 8;

// Longer texts are copied one by one: they pay for the call, and a window of them would not fit the processor's cache.
constexpr Size TEXT_BYTES_MAX = 256 * 1024;

static bool is_null(const ColumnView* view, uint64 row) {
  return view->nulls != nullptr && view->nulls[row] != 0;
}

static Datum* room_for_datums(KalamColumnReader* reader, uint64 rows) {
  if (rows > reader->datum_room) {
    if (reader->own_datums != nullptr) pfree(reader->own_datums);
    reader->own_datums = nullptr;
    reader->datum_room = 0;
    reader->own_datums = (Datum*)MemoryContextAlloc(reader->context, sizeof(Datum) * rows);
    reader->datum_room = (uint32)rows;
  }
  return reader->own_datums;
}

static char* room_for_bytes(KalamColumnReader* reader, Size size) {
  if (size > reader->byte_room) {
    if (reader->bytes != nullptr) pfree(reader->bytes);
    reader->bytes = nullptr;
    reader->byte_room = 0;
    reader->bytes = (char*)MemoryContextAlloc(reader->context, size + size / 2);
    reader->byte_room = size + size / 2;
  }
  return reader->bytes;
}

// ---------------------------------------------------------------- passed by value

// PostgreSQL's conversions are macros up to version 15.
static Datum to_datum(uint8_t value) {
  return BoolGetDatum(value != 0);
}
static Datum to_datum(int16_t value) {
  return Int16GetDatum(value);
}
static Datum to_datum(int32_t value) {
  return Int32GetDatum(value);
}
static Datum to_datum(float value) {
  return Float4GetDatum(value);
}
static Datum to_datum(double value) {
  return Float8GetDatum(value);
}

template <class T>
static const Datum* convert_all(KalamColumnReader* reader, const ColumnView* view) {
  const T* values = (const T*)view->values;
  Datum* datums = room_for_datums(reader, view->rows);
  for (uint64 i = 0; i < view->rows; i++) datums[i] = to_datum(values[i]);
  return datums;
}

// They are datums already.
static const Datum* take_bigints(const ColumnView* view) {
  static_assert(!FLOAT8PASSBYVAL || sizeof(Datum) == sizeof(int64_t));
  return (const Datum*)view->values;
}

static const Datum* convert_timestamps(KalamColumnReader* reader, const ColumnView* view) {
  if (view->unit != kalam::TimeUnit::microsecond || reader->typmod >= 0) return nullptr;
  const int64_t* values = (const int64_t*)view->values;
  Datum* datums = room_for_datums(reader, view->rows);
  bool fits = true;
  for (uint64 i = 0; i < view->rows; i++) {
    // Unsigned, since it may overflow: then it is no valid timestamp either (they end long before).
    int64 micros = (int64)((uint64)values[i] - (uint64)KALAM_EPOCH_MICROS);
    fits &= IS_VALID_TIMESTAMP(micros) || is_null(view, i);
    datums[i] = TimestampGetDatum(micros);
  }
  return fits ? datums : nullptr;
}

static const Datum* convert_dates(KalamColumnReader* reader, const ColumnView* view) {
  const int32_t* values = (const int32_t*)view->values;
  Datum* datums = room_for_datums(reader, view->rows);
  bool fits = true;
  for (uint64 i = 0; i < view->rows; i++) {
    int64 days = (int64)values[i] - KALAM_EPOCH_DAYS;
    fits &= (days >= PG_INT32_MIN && IS_VALID_DATE((DateADT)days)) || is_null(view, i);
    datums[i] = DateADTGetDatum((DateADT)days);
  }
  return fits ? datums : nullptr;
}

// ---------------------------------------------------------------- passed by reference

static const Datum* convert_uuids(KalamColumnReader* reader, const ColumnView* view) {
  if (view->byte_width != UUID_LEN) return nullptr;
  Datum* datums = room_for_datums(reader, view->rows);
  for (uint64 i = 0; i < view->rows; i++) datums[i] = PointerGetDatum((const char*)view->values + i * UUID_LEN);
  return datums;
}

static const Datum* convert_canonical_uuids(KalamColumnReader* reader, const ColumnView* view) {
  const kalam::Slice* slices = (const kalam::Slice*)view->values;
  Datum* datums = room_for_datums(reader, view->rows);
  char* to = room_for_bytes(reader, (Size)view->rows * UUID_LEN);
  for (uint64 i = 0; i < view->rows; i++, to += UUID_LEN) {
    if (is_null(view, i)) continue;
    if (!kalam_read_canonical_uuid(slices[i].data, slices[i].size, (unsigned char*)to)) return nullptr;
    datums[i] = PointerGetDatum(to);
  }
  return datums;
}

static bool is_utf8(const char* text, Size size) {
  return size == 0 || pg_verify_mbstr(PG_UTF8, text, (int)size, true);
}

// Whether all texts are UTF-8. Arrow has them one behind the other, so they are looked at together, and each must begin
// with a character. What NULLs leave between two of them is passed over.
static bool are_utf8(const ColumnView* view) {
  const kalam::Slice* slices = (const kalam::Slice*)view->values;
  const char* run = nullptr;
  Size size = 0;
  for (uint64 i = 0; i < view->rows; i++) {
    if (is_null(view, i) || slices[i].size == 0) continue;
    if (((unsigned char)slices[i].data[0] & 0xC0) == 0x80) return false;
    if (run == nullptr || slices[i].data != run + size) {
      if (!is_utf8(run, size)) return false;
      run = slices[i].data;
      size = 0;
    }
    size += slices[i].size;
  }
  return is_utf8(run, size);
}

// Bytes that the values take as varlenas at most: long ones are aligned. False: too many.
static bool has_varlena_size(const ColumnView* view, Size* bytes) {
  const kalam::Slice* slices = (const kalam::Slice*)view->values;
  *bytes = 0;
  for (uint64 i = 0; i < view->rows; i++) {
    if (is_null(view, i)) continue;
    *bytes += Min(slices[i].size, TEXT_BYTES_MAX) + VARHDRSZ + ALIGNOF_INT - 1;
  }
  return *bytes <= TEXT_BYTES_MAX;
}

// Short values get the short header that they would have in a table.
static char* put_varlena(char* to, const kalam::Slice* slice, Datum* datum) {
  if (slice->size + VARHDRSZ_SHORT <= VARATT_SHORT_MAX) {
    SET_VARSIZE_SHORT(to, slice->size + VARHDRSZ_SHORT);
    memcpy(to + VARHDRSZ_SHORT, slice->data, slice->size);
    *datum = PointerGetDatum(to);
    return to + VARHDRSZ_SHORT + slice->size;
  }
  to = (char*)INTALIGN(to);
  SET_VARSIZE(to, slice->size + VARHDRSZ);
  memcpy(VARDATA(to), slice->data, slice->size);
  *datum = PointerGetDatum(to);
  return to + VARHDRSZ + slice->size;
}

static const Datum* convert_varlenas(KalamColumnReader* reader, const ColumnView* view) {
  Size bytes;
  if (!has_varlena_size(view, &bytes)) return nullptr;
  const kalam::Slice* slices = (const kalam::Slice*)view->values;
  Datum* datums = room_for_datums(reader, view->rows);
  char* to = room_for_bytes(reader, bytes);
  for (uint64 i = 0; i < view->rows; i++)
    if (!is_null(view, i)) to = put_varlena(to, &slices[i], &datums[i]);
  return datums;
}

static const Datum* convert_texts(KalamColumnReader* reader, const ColumnView* view) {
  return GetDatabaseEncoding() == PG_UTF8 && are_utf8(view) ? convert_varlenas(reader, view) : nullptr;
}

// ---------------------------------------------------------------- choosing

// The pair of types is one that kalam_column_reader_bind() has accepted.
static const Datum* convert_window(KalamColumnReader* reader, const ColumnView* view) {
  switch (view->kind) {
    case ColumnKind::null_type:
      return room_for_datums(reader, view->rows);  // none of them is read
    case ColumnKind::boolean:
      return convert_all<uint8_t>(reader, view);
    case ColumnKind::int16:
      return reader->type == INT2OID ? convert_all<int16_t>(reader, view) : nullptr;
    case ColumnKind::int32:
      return reader->type == INT4OID ? convert_all<int32_t>(reader, view) : nullptr;
    case ColumnKind::int64:
      return reader->type == INT8OID ? take_bigints(view) : nullptr;
    case ColumnKind::float32:
      return reader->type == FLOAT4OID ? convert_all<float>(reader, view) : nullptr;
    case ColumnKind::float64:
      return convert_all<double>(reader, view);
    case ColumnKind::timestamp:
      return convert_timestamps(reader, view);
    case ColumnKind::date_days:
      return convert_dates(reader, view);
    case ColumnKind::fixed_binary:
      return reader->type == UUIDOID ? convert_uuids(reader, view) : nullptr;
    case ColumnKind::binary:
      return convert_varlenas(reader, view);
    case ColumnKind::utf8:
      if (reader->type == UUIDOID && reader->is_canonical) return convert_canonical_uuids(reader, view);
      return reader->type == TEXTOID || (reader->type == VARCHAROID && reader->typmod < 0) ? convert_texts(reader, view)
                                                                                           : nullptr;
    default:
      return nullptr;
  }
}

void kalam_column_reader_window(KalamColumnReader* reader, const ColumnView* view) {
  reader->view = view;
  // Where values of 64 bits are passed by reference, each would be an allocation of its own.
  reader->datums = FLOAT8PASSBYVAL && view->rows >= ROWS_MIN ? convert_window(reader, view) : nullptr;
}
