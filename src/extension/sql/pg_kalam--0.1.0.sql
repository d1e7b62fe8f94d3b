-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_kalam" to load this file. \quit

CREATE FUNCTION kalam_handler() RETURNS fdw_handler
  AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION kalam_handler() IS 'KalamDB foreign data wrapper handler';

CREATE FUNCTION kalam_validator(text[], oid) RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION kalam_validator(text[], oid) IS 'KalamDB foreign data wrapper options validator';

CREATE FOREIGN DATA WRAPPER pg_kalam HANDLER kalam_handler VALIDATOR kalam_validator;
COMMENT ON FOREIGN DATA WRAPPER pg_kalam IS 'KalamDB foreign data wrapper';

CREATE FUNCTION kalam_tableam_handler(internal) RETURNS table_am_handler
  AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION kalam_tableam_handler(internal) IS 'table access method handler of CREATE TABLE ... USING kalamdb';

CREATE ACCESS METHOD kalamdb TYPE TABLE HANDLER kalam_tableam_handler;
COMMENT ON ACCESS METHOD kalamdb IS 'tables whose rows KalamDB keeps';

CREATE FUNCTION kalam_version() RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kalam_version() IS 'version of the pg_kalam library';

CREATE FUNCTION kalam_compiled_mode() RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kalam_compiled_mode() IS 'how the library reaches KalamDB; always remote';

CREATE FUNCTION kalam_user_id() RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kalam_user_id() IS 'value of the setting kalam.user_id, NULL when it is not set';

CREATE FUNCTION kalam_user_id_guc_name() RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kalam_user_id_guc_name() IS 'name of the setting that holds the user id';

CREATE FUNCTION snowflake_id() RETURNS bigint
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION snowflake_id() IS 'new unique 64-bit id that grows with time';

CREATE FUNCTION kalam_ping(server text) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_ping(text) IS 'true when the KalamDB server answers and accepts the credentials';

CREATE FUNCTION kalam_flush(relation regclass) RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION kalam_flush(regclass) IS 'flushes a KalamDB table to storage and waits until that is done';

CREATE FUNCTION kalam_exec(sql text) RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION kalam_exec(text) IS 'runs one statement on kalam_server as it is; rows come as a JSON array';
REVOKE ALL ON FUNCTION kalam_exec(text) FROM PUBLIC;

CREATE FUNCTION kalam_exec(server text, sql text) RETURNS text
  AS 'MODULE_PATHNAME', 'kalam_exec_server' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION kalam_exec(text, text) IS 'runs one statement on a KalamDB server as it is; rows come as a JSON array';
REVOKE ALL ON FUNCTION kalam_exec(text, text) FROM PUBLIC;
