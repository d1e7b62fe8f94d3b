// Temporary files of rows. Their places are counted in one line, as a BufFile's are not: it is made of segments.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "storage/buffile.h"
}

// A file that lives as long as the top transaction, whichever subtransaction needs it first. Its memory is the
// context's.
BufFile* kalam_temporary_file_create(MemoryContext context);

// Goes to a place, in bytes from the beginning; reads from there as many bytes as are asked for. Both raise what the
// system says; `what` names the file in the message, with its article.
void kalam_temporary_file_seek(BufFile* file, int64 position, const char* what);
void kalam_temporary_file_read(BufFile* file, void* to, Size size, const char* what);
