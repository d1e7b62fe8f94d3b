// Included first by every header of the client library but api.h: refuses to compile where a PostgreSQL header came
// before. PostgreSQL's macros (ERROR, FATAL, INFO, StaticAssertDecl, printf ...) break gRPC's and protobuf's headers,
// often without a message that says why, and objects with destructors must not live in frames that ereport() leaves.
#pragma once

#if defined(POSTGRES_H) || defined(PG_VERSION_NUM)
#error "client headers other than client/api.h must not be used beside PostgreSQL's headers"
#endif
