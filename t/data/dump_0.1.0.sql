--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: old; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old;


--
-- Name: old_imported; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_imported;


--
-- Name: pg_kalam; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_kalam WITH SCHEMA public;


--
-- Name: EXTENSION pg_kalam; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_kalam IS 'foreign data wrapper and table access method for KalamDB';


--
-- Name: price; Type: DOMAIN; Schema: old; Owner: -
--

CREATE DOMAIN old.price AS numeric(10,2)
	CONSTRAINT price_check CHECK ((VALUE >= (0)::numeric));


--
-- Name: copied; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.copied (
    id bigint NOT NULL,
    name text DEFAULT 'unnamed'::text NOT NULL,
    cost old.price,
    added timestamp with time zone DEFAULT now(),
    data jsonb,
    code character varying(20),
    doubled integer GENERATED ALWAYS AS ((2 * 21)) STORED,
    _seq bigint,
    CONSTRAINT products_code_check CHECK (((code)::text <> ''::text))
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'copied',
    table_type 'shared'
);


--
-- Name: events; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.events (
    id integer NOT NULL,
    body text,
    _seq bigint
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'events',
    table_type 'stream',
    ttl_seconds '3600'
);


--
-- Name: made; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.made (
    id integer NOT NULL,
    word text,
    _seq bigint
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'made',
    table_type 'shared'
);


--
-- Name: notes; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.notes (
    id integer NOT NULL,
    body text,
    _seq bigint,
    _userid text
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'notes',
    table_type 'user'
);


--
-- Name: mine; Type: VIEW; Schema: old; Owner: -
--

CREATE VIEW old.mine AS
 SELECT notes._userid,
    notes.id,
    notes.body
   FROM old.notes;


--
-- Name: orders; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.orders (
    id bigint DEFAULT public.snowflake_id() NOT NULL,
    product bigint NOT NULL,
    n bigint DEFAULT public.snowflake_id() NOT NULL,
    _seq bigint
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'orders',
    table_type 'shared'
);


SET default_tablespace = '';

--
-- Name: parts; Type: TABLE; Schema: old; Owner: -
--

CREATE TABLE old.parts (
    id integer,
    region text
)
PARTITION BY LIST (region);


--
-- Name: parts_far; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.parts_far (
    id integer NOT NULL,
    region text
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'parts_far',
    table_type 'shared'
);


SET default_table_access_method = heap;

--
-- Name: parts_near; Type: TABLE; Schema: old; Owner: -
--

CREATE TABLE old.parts_near (
    id integer,
    region text
);


--
-- Name: products; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.products (
    id bigint NOT NULL,
    name text DEFAULT 'unnamed'::text NOT NULL,
    cost old.price,
    added timestamp with time zone DEFAULT now(),
    data jsonb,
    code character varying(20),
    doubled integer GENERATED ALWAYS AS ((2 * 21)) STORED,
    _seq bigint,
    CONSTRAINT products_code_check CHECK (((code)::text <> ''::text))
)
SERVER kalam_server
OPTIONS (
    flush_policy 'rows:1000',
    namespace 'old',
    on_drop 'drop',
    "table" 'products',
    table_type 'shared'
);


--
-- Name: FOREIGN TABLE products; Type: COMMENT; Schema: old; Owner: -
--

COMMENT ON FOREIGN TABLE old.products IS 'made by 0.1.0';


--
-- Name: second_name; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.second_name (
    id integer NOT NULL,
    w text,
    _seq bigint
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'first_name',
    table_type 'shared'
);
ALTER FOREIGN TABLE old.second_name ALTER COLUMN w OPTIONS (
    column_name 'v'
);


--
-- Name: shown; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.shown (
    id bigint NOT NULL,
    label text
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    "table" 'products',
    table_type 'shared'
);
ALTER FOREIGN TABLE old.shown ALTER COLUMN label OPTIONS (
    column_name 'name'
);


--
-- Name: ticket; Type: FOREIGN TABLE; Schema: old; Owner: -
--

CREATE FOREIGN TABLE old.ticket (
    id bigint DEFAULT public.snowflake_id() NOT NULL,
    what text,
    _seq bigint
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    on_drop 'drop',
    "table" 'ticket',
    table_type 'shared'
);


--
-- Name: versions; Type: VIEW; Schema: old; Owner: -
--

CREATE VIEW old.versions AS
 SELECT products.id,
    products._seq
   FROM old.products;


--
-- Name: notes; Type: FOREIGN TABLE; Schema: old_imported; Owner: -
--

CREATE FOREIGN TABLE old_imported.notes (
    id integer NOT NULL,
    body text
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    "table" 'notes',
    table_type 'user'
);


--
-- Name: products; Type: FOREIGN TABLE; Schema: old_imported; Owner: -
--

CREATE FOREIGN TABLE old_imported.products (
    id bigint NOT NULL,
    name text NOT NULL,
    cost numeric(10,2),
    added timestamp with time zone,
    data jsonb,
    code text,
    doubled integer
)
SERVER kalam_server
OPTIONS (
    namespace 'old',
    "table" 'products',
    table_type 'shared'
);


--
-- Name: parts_far; Type: TABLE ATTACH; Schema: old; Owner: -
--

ALTER TABLE ONLY old.parts ATTACH PARTITION old.parts_far FOR VALUES IN ('far');


--
-- Name: parts_near; Type: TABLE ATTACH; Schema: old; Owner: -
--

ALTER TABLE ONLY old.parts ATTACH PARTITION old.parts_near FOR VALUES IN ('near');


--
-- Data for Name: parts_near; Type: TABLE DATA; Schema: old; Owner: -
--

COPY old.parts_near (id, region) FROM stdin;
\.


--
-- PostgreSQL database dump complete
--


