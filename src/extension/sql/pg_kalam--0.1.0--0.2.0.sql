-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pg_kalam UPDATE TO '0.2.0'" to load this file. \quit

-- CREATE EXTENSION runs the script of 0.1.0, and this one after it.

-- Where the library was not loaded when the session started, PostgreSQL would run these statements on its side alone:
-- the trigger loads it first.
CREATE FUNCTION kalam_check_ddl() RETURNS event_trigger
  AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION kalam_check_ddl() IS 'refuses DDL on KalamDB tables that the library has not seen';
CREATE EVENT TRIGGER kalam_check_ddl ON ddl_command_start
  WHEN TAG IN ('ALTER FOREIGN TABLE', 'ALTER SCHEMA', 'ALTER TABLE', 'DROP DOMAIN', 'DROP FOREIGN TABLE', 'DROP OWNED',
               'DROP SCHEMA', 'DROP SEQUENCE', 'DROP SERVER', 'DROP TABLE', 'DROP TYPE')
  EXECUTE FUNCTION kalam_check_ddl();
ALTER EVENT TRIGGER kalam_check_ddl ENABLE ALWAYS;

CREATE FUNCTION kalam_skipped_ddl(OUT relation regclass, OUT kind text, OUT name text) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.ftrelid, CASE o.option_name WHEN 'skipped_indexes' THEN 'index' ELSE 'constraint' END,
           pg_catalog.unnest(o.option_value::pg_catalog.text[])
      FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_foreign_server s ON s.oid OPERATOR(pg_catalog.=) t.ftserver
      JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw,
           LATERAL pg_catalog.pg_options_to_table(t.ftoptions) o
     WHERE w.fdwname OPERATOR(pg_catalog.=) 'pg_kalam'
       AND o.option_name OPERATOR(pg_catalog.=) ANY (ARRAY['skipped_indexes', 'skipped_constraints'])
$$;
COMMENT ON FUNCTION kalam_skipped_ddl() IS 'indexes and constraints that kalam.unsupported_ddl has left out';

-- What an operator looks at.
CREATE FUNCTION kalam_connections(OUT server_name text, OUT mapping_role text, OUT node text, OUT opened_at timestamptz,
                                  OUT has_session boolean, OUT in_transaction boolean, OUT valid boolean)
  RETURNS SETOF record AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_connections() IS 'connections of this session to KalamDB servers';

CREATE FUNCTION kalam_disconnect(server text) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_disconnect(text) IS 'closes this session''s connections to a KalamDB server that are not in use';

CREATE FUNCTION kalam_disconnect() RETURNS boolean
  AS 'MODULE_PATHNAME', 'kalam_disconnect_all' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_disconnect() IS 'closes this session''s connections to all KalamDB servers that are not in use';

CREATE FUNCTION kalam_server_version(server text) RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_server_version(text) IS 'version of a KalamDB server, as it says itself';

CREATE FUNCTION kalam_server_settings(server text, OUT name text, OUT value text) RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_server_settings(text) IS 'settings of a KalamDB server, without its secrets';
REVOKE ALL ON FUNCTION kalam_server_settings(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kalam_server_settings(text) TO pg_read_all_settings;

CREATE FUNCTION kalam_status(OUT name text, OUT value text, OUT description text) RETURNS SETOF record
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_status() IS 'versions and limits of pg_kalam in this PostgreSQL';

CREATE FUNCTION kalam_table_status(relation regclass, OUT server_name text, OUT remote_table text, OUT kind text,
                                   OUT key_column text, OUT schema_version bigint, OUT row_count bigint,
                                   OUT flushed_versions bigint, OUT segments integer, OUT all_flushed boolean,
                                   OUT last_flush timestamptz, OUT differences text)
  RETURNS SETOF record AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION kalam_table_status(regclass) IS 'what KalamDB says of the table behind a foreign table';

CREATE FUNCTION kalam_stat_get_tables(OUT relid oid, OUT stats_since timestamptz,
      OUT scans bigint, OUT lookups bigint, OUT queries bigint, OUT statements bigint, OUT inserts bigint, OUT
      updates bigint, OUT deletes bigint, OUT transactions bigint, OUT others bigint, OUT failures bigint, OUT
      retries bigint, OUT leader_changes bigint, OUT sessions bigint, OUT bytes_sent bigint, OUT bytes_received
      bigint, OUT wait_time double precision, OUT rows_read bigint, OUT rows_written bigint, OUT scans_repeated
      bigint, OUT completeness_questions bigint, OUT flushes bigint, OUT conflicts bigint, OUT unknown_outcomes
      bigint)
  RETURNS SETOF record AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_stat_get_tables() IS 'what kalam_stat_tables shows';

CREATE FUNCTION kalam_stat_get_servers(OUT serverid oid, OUT stats_since timestamptz,
      OUT scans bigint, OUT lookups bigint, OUT queries bigint, OUT statements bigint, OUT inserts bigint, OUT
      updates bigint, OUT deletes bigint, OUT transactions bigint, OUT others bigint, OUT failures bigint, OUT
      retries bigint, OUT leader_changes bigint, OUT sessions bigint, OUT bytes_sent bigint, OUT bytes_received
      bigint, OUT wait_time double precision, OUT rows_read bigint, OUT rows_written bigint, OUT scans_repeated
      bigint, OUT completeness_questions bigint, OUT flushes bigint, OUT conflicts bigint, OUT unknown_outcomes
      bigint)
  RETURNS SETOF record AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_stat_get_servers() IS 'what kalam_stat_servers shows';

CREATE VIEW kalam_stat_tables AS
  SELECT s.relid, n.nspname AS schemaname, c.relname, v.srvname AS server_name,
         s.scans, s.lookups, s.queries, s.inserts, s.updates, s.deletes, s.transactions, s.failures,
         s.retries, s.leader_changes, s.bytes_sent, s.bytes_received, s.wait_time, s.rows_read,
         s.rows_written, s.scans_repeated, s.completeness_questions, s.flushes, s.conflicts, s.stats_since
    FROM kalam_stat_get_tables() s
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN pg_catalog.pg_foreign_table t ON t.ftrelid OPERATOR(pg_catalog.=) c.oid
    LEFT JOIN pg_catalog.pg_foreign_server v ON v.oid OPERATOR(pg_catalog.=) t.ftserver;
COMMENT ON VIEW kalam_stat_tables IS 'calls to KalamDB by foreign table, of all sessions';
GRANT SELECT ON kalam_stat_tables TO PUBLIC;

CREATE VIEW kalam_stat_servers AS
  SELECT s.serverid, v.srvname AS server_name,
         s.scans, s.lookups, s.queries, s.statements, s.inserts, s.updates, s.deletes, s.transactions,
         s.others, s.failures, s.retries, s.leader_changes, s.sessions, s.bytes_sent, s.bytes_received,
         s.wait_time, s.rows_read, s.rows_written, s.scans_repeated, s.completeness_questions, s.flushes,
         s.conflicts, s.unknown_outcomes, s.stats_since
    FROM kalam_stat_get_servers() s
    LEFT JOIN pg_catalog.pg_foreign_server v ON v.oid OPERATOR(pg_catalog.=) s.serverid;
COMMENT ON VIEW kalam_stat_servers IS 'calls to KalamDB by foreign server, of all sessions';
GRANT SELECT ON kalam_stat_servers TO PUBLIC;

CREATE FUNCTION kalam_stat_reset() RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION kalam_stat_reset() IS 'starts the counts of kalam_stat_tables and kalam_stat_servers of this database again';
REVOKE ALL ON FUNCTION kalam_stat_reset() FROM PUBLIC;

-- Statistics of user and stream tables show one user's rows to all others. ANALYZE makes none any more; those that are
-- there are removed, also of parents of such tables, for which ANALYZE makes others of the remaining rows.
WITH RECURSIVE of_users AS (
    SELECT t.ftrelid AS relid, false AS is_parent
      FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_foreign_server s ON s.oid OPERATOR(pg_catalog.=) t.ftserver
      JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw
     WHERE w.fdwname OPERATOR(pg_catalog.=) 'pg_kalam'
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_options_to_table(t.ftoptions) o
                        WHERE o.option_name OPERATOR(pg_catalog.=) 'table_type'
                          AND pg_catalog.lower(o.option_value) OPERATOR(pg_catalog.=) ANY (ARRAY['shared', 'system']))
    UNION
    SELECT i.inhparent, true
      FROM pg_catalog.pg_inherits i
      JOIN of_users u ON u.relid OPERATOR(pg_catalog.=) i.inhrelid
), of_columns AS (
    DELETE FROM pg_catalog.pg_statistic s USING of_users u
     WHERE s.starelid OPERATOR(pg_catalog.=) u.relid AND (NOT u.is_parent OR s.stainherit)
), of_groups AS (
    DELETE FROM pg_catalog.pg_statistic_ext_data d USING pg_catalog.pg_statistic_ext e, of_users u
     WHERE d.stxoid OPERATOR(pg_catalog.=) e.oid AND e.stxrelid OPERATOR(pg_catalog.=) u.relid
       AND (NOT u.is_parent OR d.stxdinherit)
)
UPDATE pg_catalog.pg_class c SET reltuples = -1 FROM of_users u
 WHERE c.oid OPERATOR(pg_catalog.=) u.relid AND NOT u.is_parent;
