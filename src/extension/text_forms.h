// Values that KalamDB keeps as text: by their type's output and input functions, or, for arrays, as JSON text, which
// other programs can read (spec 5.1). The text never depends on the session's settings.
#pragma once

#include "extension/compat.h"

// The output function's text in the database's encoding, palloc'd, and the value of such a text.
char* kalam_output_text(FmgrInfo* output, Datum value);
Datum kalam_input_text(FmgrInfo* input, char* text, Oid input_parameter, int32 typmod);

// Whether arrays of a type can be kept: not those of composite types and of types with a cast to json of their own,
// whose JSON would lose the type.
bool kalam_has_array_text(Oid array_type);

// ["a",null,["b"]]: the array as JSON text, palloc'd. Refuses bounds that do not begin at 1, and what
// would be read as something else.
char* kalam_array_output(Datum array);

// The array that such a text means. 22P02 for what is not JSON, not an array or not of the element's type, 2202E for
// sub-arrays of different lengths. `typmod` is the elements'.
Datum kalam_array_input(Oid array_type, int32 typmod, char* text);
