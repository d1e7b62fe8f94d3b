-- Options of servers, user mappings and foreign tables: names, values, rights.
\set VERBOSITY default
SET client_min_messages = notice;

-- names
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (hots 'localhost');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (zzzzzz '1');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (user_id 'alice');
-- names of other wrappers and of libpq
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (sslmode 'require');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (hostaddr '::1');
CREATE USER MAPPING FOR CURRENT_USER SERVER kalam_server OPTIONS (auth_token 'Bearer x');
CREATE USER MAPPING FOR CURRENT_USER SERVER kalam_server OPTIONS (user 'ann', password 'x');
CREATE FOREIGN TABLE ktest_options (id int) SERVER kalam_server OPTIONS (table_name 't');
CREATE FOREIGN TABLE ktest_options (id int) SERVER kalam_server OPTIONS (schema_name 's');
-- values
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (host E'a\nb');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (port 'http');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (port '0');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (port '65536');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (timeout '-1');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (timeout '99999999999999999999');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (auth_mode 'basic');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (quick_ack 'maybe');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (max_response_size '10 apples');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (tls_server_name '%');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (host 'a/b');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (leader_hosts 'node2, *.example.com, [::1], a b');
-- combinations
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (auth_header 'Bearer x', login_user 'u');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (auth_mode 'account_login', auth_header 'Bearer x');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (auth_mode 'none', login_user 'u');
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam OPTIONS (client_cert '/c.pem');
-- credentials on a server are accepted, but not without a word
CREATE SERVER ktest_options FOREIGN DATA WRAPPER pg_kalam
  OPTIONS (host 'localhost', port '9188', auth_mode 'account_login', login_user 'u', login_password 'secret',
           max_response_size '64MB', timeout '30000');
ALTER SERVER ktest_options OPTIONS (SET port '70000');
ALTER SERVER ktest_options OPTIONS (DROP login_user, DROP login_password, DROP auth_mode);

-- Blanks around a value do not count, and a blank value is none.
CREATE SERVER ktest_options_blank FOREIGN DATA WRAPPER pg_kalam
  OPTIONS (host ' 127.0.0.1 ', port ' 1 ', timeout ' ', auth_mode ' None ', auth_header '', login_user '', login_password ' ',
           ca_cert '', client_cert '', client_key '', quick_ack ' off ', max_response_size ' 64MB ', tls_server_name '');
CREATE USER MAPPING FOR CURRENT_USER SERVER ktest_options_blank
  OPTIONS (auth_mode ' static_header ', auth_header '', user_id '');
SELECT kalam_ping('ktest_options_blank');
ALTER USER MAPPING FOR CURRENT_USER SERVER ktest_options_blank OPTIONS (SET auth_header ' Bearer x ');
SELECT kalam_ping('ktest_options_blank');
ALTER SERVER ktest_options_blank OPTIONS (SET host '  ');
SELECT kalam_ping('ktest_options_blank');
-- A header that is not sent.
ALTER SERVER ktest_options_blank OPTIONS (SET auth_header 'Bearer x');
DROP USER MAPPING FOR CURRENT_USER SERVER ktest_options_blank;
DROP SERVER ktest_options_blank;

-- user mappings
CREATE USER MAPPING FOR CURRENT_USER SERVER ktest_options OPTIONS (host 'localhost');
CREATE USER MAPPING FOR CURRENT_USER SERVER ktest_options OPTIONS (login_user 'u', login_password 'p', user_id 'a/b');
CREATE USER MAPPING FOR CURRENT_USER SERVER ktest_options OPTIONS (login_user 'u', login_password 'p', user_id 'alice');

-- foreign tables
CREATE FOREIGN TABLE ktest_options_t (id int) SERVER ktest_options OPTIONS (nmespace 'a');
CREATE FOREIGN TABLE ktest_options_t (id int OPTIONS (column_nme 'x')) SERVER ktest_options;
CREATE FOREIGN TABLE ktest_options_t (id int) SERVER ktest_options OPTIONS (namespace 'a..b');
CREATE FOREIGN TABLE ktest_options_t (id int) SERVER ktest_options OPTIONS (table_type 'global');

CREATE FOREIGN TABLE ktest_options_t (id bigint OPTIONS (column_name '') NOT NULL) SERVER kalam_server
  OPTIONS (namespace ' ktest00000_options ', table ' t ', table_type ' shared ', flush_policy '', on_drop ' ');
SELECT ARRAY(SELECT o FROM unnest(ftoptions) o WHERE o NOT LIKE 'made\_by=%') AS ftoptions FROM pg_foreign_table WHERE ftrelid = 'ktest_options_t'::regclass;
DROP FOREIGN TABLE ktest_options_t;

-- KalamDB's name for table_type, and options that are not changed with the foreign table.
CREATE FOREIGN TABLE ktest_options_t (id bigint, v text) SERVER kalam_server
  OPTIONS (namespace 'ktest00000_options', "TYPE" 'User', flush_policy 'rows:10');
SELECT ARRAY(SELECT o FROM unnest(ftoptions) o WHERE o NOT LIKE 'made\_by=%') AS ftoptions FROM pg_foreign_table WHERE ftrelid = 'ktest_options_t'::regclass;
ALTER FOREIGN TABLE ktest_options_t OPTIONS (SET flush_policy 'rows:20');
ALTER TABLE ktest_options_t OPTIONS (SET on_drop 'drop', ADD storage_id 'it''s');
ALTER TABLE ktest_options_t OPTIONS (ADD use_user_storage 'on');
ALTER TABLE ktest_options_t OPTIONS (DROP flush_policy);
ALTER TABLE ktest_options_t OPTIONS (SET on_drop 'drop');
DROP FOREIGN TABLE ktest_options_t;
CREATE FOREIGN TABLE ktest_options_t (id bigint) SERVER kalam_server OPTIONS (table_type 'shared', type 'shared');
CREATE TABLE ktest00000_options.t (id bigint) USING kalamdb WITH (type = 'user', TABLE_TYPE = 'shared');
CREATE TABLE ktest00000_options.u (id bigint) USING kalamdb WITH (ttl_seconds);
SELECT kalam_exec('DROP NAMESPACE ktest00000_options CASCADE') IS NOT NULL;

-- Who may name files of the server, and who may choose a user id.
CREATE ROLE ktest_options_role;
GRANT USAGE ON FOREIGN DATA WRAPPER pg_kalam TO ktest_options_role;
GRANT USAGE ON FOREIGN SERVER ktest_options TO ktest_options_role;
SET ROLE ktest_options_role;
CREATE SERVER ktest_options_2 FOREIGN DATA WRAPPER pg_kalam OPTIONS (host 'h', port '1', ca_cert '/etc/passwd');
CREATE SERVER ktest_options_2 FOREIGN DATA WRAPPER pg_kalam
  OPTIONS (host 'h', port '1', ca_cert '-----BEGIN CERTIFICATE-----');
CREATE USER MAPPING FOR ktest_options_role SERVER ktest_options OPTIONS (user_id 'bob');
RESET ROLE;
GRANT SET ON PARAMETER kalam.user_id TO ktest_options_role;
GRANT pg_read_server_files TO ktest_options_role;
SET ROLE ktest_options_role;
CREATE USER MAPPING FOR ktest_options_role SERVER ktest_options OPTIONS (user_id 'bob');
ALTER SERVER ktest_options_2 OPTIONS (SET ca_cert '/etc/ssl/cert.pem');
RESET ROLE;
REVOKE SET ON PARAMETER kalam.user_id FROM ktest_options_role;

-- Missing options are noticed when the server is used.
CREATE SERVER ktest_options_3 FOREIGN DATA WRAPPER pg_kalam;
SELECT kalam_ping('ktest_options_3');
ALTER SERVER ktest_options_3 OPTIONS (ADD host 'localhost');
SELECT kalam_ping('ktest_options_3');
ALTER SERVER ktest_options_3 OPTIONS (ADD port '9188', auth_mode 'static_header');
SELECT kalam_ping('ktest_options_3');
ALTER SERVER ktest_options_3 OPTIONS (DROP auth_mode, ADD tls 'off', ca_cert '-----BEGIN CERTIFICATE-----');
SELECT kalam_ping('ktest_options_3');

DROP SERVER ktest_options, ktest_options_2, ktest_options_3 CASCADE;
REVOKE USAGE ON FOREIGN DATA WRAPPER pg_kalam FROM ktest_options_role;
DROP ROLE ktest_options_role;
