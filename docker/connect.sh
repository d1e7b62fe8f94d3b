#!/bin/sh
# Makes the extension and the server kalam_server in the first database, from KALAM_HOST, KALAM_PORT and
# KALAM_AUTH_HEADER. Without KALAM_HOST it makes the extension alone.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "${POSTGRES_DB:-$POSTGRES_USER}" \
  -v host="${KALAM_HOST:-}" -v port="${KALAM_PORT:-9188}" -v header="${KALAM_AUTH_HEADER:-}" <<'SQL'
CREATE EXTENSION pg_kalam;
SELECT :'host' <> '' AS has_host, :'header' <> '' AS has_header \gset
\if :has_host
  CREATE SERVER kalam_server FOREIGN DATA WRAPPER pg_kalam OPTIONS (host :'host', port :'port');
  \if :has_header
    SET log_statement = 'none';
    CREATE USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (auth_header :'header');
  \endif
\endif
SQL
