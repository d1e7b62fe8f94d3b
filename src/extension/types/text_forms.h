// Values that KalamDB keeps as text: by their type's output and input functions, or, for arrays, as JSON text, which
// other programs can read (spec 5.1). The text never depends on the session's settings.
#pragma once

#include "extension/base/compat.h"

// The output function's text in the database's encoding, palloc'd, and the value of such a text.
char* kalam_output_text(FmgrInfo* output, Datum value);
Datum kalam_input_text(FmgrInfo* input, char* text, Oid input_parameter, int32 typmod);

// The sixteen bytes of a uuid's text, if it is the one that PostgreSQL writes: small letters, hyphens, nothing else.
bool kalam_read_canonical_uuid(const char* text, size_t size, unsigned char* bytes);

// Whether values of a type can be kept as text and read again without running what a role has put into a domain:
// domains are read as what they are made of, which is not possible where they are parts of rows and ranges.
bool kalam_has_text(Oid type);

// The same for an array type. An array of a domain over an array is no JSON array of arrays.
bool kalam_has_array_text(Oid array_type);

// The type that elements are read as, and its typmod: of a domain the base.
Oid kalam_element_base(Oid array_type, int32* typmod);

// ["a",null,["b"]]: the array as JSON text, palloc'd. Refuses bounds that do not begin at 1, and what
// would be read as something else.
char* kalam_array_output(Datum array);

// The array that such a text means. 22P02 for what is not JSON, not an array or not of the element's type, 2202E for
// sub-arrays of different lengths. `typmod` is the elements'.
Datum kalam_array_input(Oid array_type, int32 typmod, char* text);
