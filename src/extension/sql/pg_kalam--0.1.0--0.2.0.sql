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
