// What gRPC says of a connection that could not be made, in the words of the person who has to mend it.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

// DETAIL of ErrorClass::unreachable, tls and connection_lost. `message` is the client's sentence, `detail` its
// "host:port: " and gRPC's text, both in the database's encoding. palloc'd:
//
//     127.0.0.1:9188: connection refused
//     kalam.example:9188 (10.0.0.7): connection refused
//     kalam.example:9188: the server's certificate has expired
char* kalam_connect_detail(kalam::ErrorClass error, const char* message, const char* detail);

// HINT of ErrorClass::unreachable.
const char* kalam_connect_hint(const char* detail);
