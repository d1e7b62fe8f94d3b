-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_kalam" to load this file. \quit

CREATE FUNCTION kalam_handler() RETURNS fdw_handler
  AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION kalam_handler() IS 'KalamDB foreign data wrapper handler';
