-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pg_kalam UPDATE TO '0.2.0'" to load this file. \quit

-- The objects are those of 0.1.0. CREATE EXTENSION runs its script, and this one after it.
