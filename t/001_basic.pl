# From CREATE TABLE to DROP, for a shared and a user table, and what it costs in calls.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $node = KalamNode->new('main', stub => $stub);

$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.items (id bigint PRIMARY KEY, name text NOT NULL, price numeric(10,2), at timestamptz, ok boolean)
	    USING kalamdb WITH (type = 'shared');});
$node->sql(
	q{INSERT INTO app.items VALUES
	    (1, 'one', 1.50, '2026-01-02 03:04:05.678+00', true),
	    (2, 'two', NULL, NULL, false),
	    (9007199254740993, 'drei "3" äß', -0.01, '1969-12-31 23:59:59+00', NULL);});
is($node->sql('SELECT id, name, price, at, ok FROM app.items ORDER BY id'),
	join("\n",
		'1|one|1.50|2026-01-02 03:04:05.678+00|t',
		'2|two|||f',
		'9007199254740993|drei "3" äß|-0.01|1969-12-31 23:59:59+00|'),
	'rows come back as they were written');

$stub->forget_calls;
is($node->sql('SELECT name FROM app.items WHERE id = 2'), 'two', 'a row is found by its key');
SKIP:
{
	$stub->need_calls(1);
	is(scalar(my @scans = $stub->calls('Scan')), 1, 'the lookup by key takes one Scan');
}

is($node->sql(
		q{WITH u AS (UPDATE app.items SET name = 'zwei', price = price + 1 WHERE id <= 2 RETURNING id, name, price)
		  SELECT * FROM u ORDER BY id}),
	"1|zwei|2.50\n2|zwei|", 'DELETE RETURNING returns the deleted row');
is($node->sql('DELETE FROM app.items WHERE id = 1 RETURNING name'), 'zwei', 'the other rows are left');
is($node->sql('SELECT count(*), min(name) FROM app.items'), '2|drei "3" äß', 'what is left');

my $error = $node->error(q{INSERT INTO app.items (id, name) VALUES (2, 'again')});
is($error->{sqlstate}, '23505', 'a duplicate key is an error');
like($error->{detail}, qr/\(id\)=\(2\)/, 'the detail names the key');
is($node->error(q{INSERT INTO app.items (id) VALUES (7)})->{sqlstate}, '23502', 'NULL in a NOT NULL column is an error');
is($node->sql('SELECT count(*) FROM app.items'), '2', 'neither failed INSERT left a row');

$node->sql(q{CREATE TABLE app.notes (id text PRIMARY KEY, body text) USING kalamdb WITH (type = 'user', system_columns = 'user')});
is($node->error('SELECT * FROM app.notes')->{sqlstate}, '55000', 'a user table needs an identity');
$node->sql(q{SET kalam.user_id = 'alice'; INSERT INTO app.notes VALUES ('a', 'by alice'), ('b', 'by alice too')});
$node->sql(q{SET kalam.user_id = 'bob'; INSERT INTO app.notes VALUES ('a', 'by bob')});
is($node->sql(q{SET kalam.user_id = 'alice'; SELECT id, body, _userid FROM app.notes ORDER BY id}),
	"a|by alice|alice\nb|by alice too|alice", 'alice sees her rows');
is($node->sql(q{SET kalam.user_id = 'bob'; SELECT id, body FROM app.notes ORDER BY id}), 'a|by bob', 'bob sees his rows');

like($node->sql(q{SELECT kalam_exec('SELECT count(*) AS n FROM app.items')}), qr/"n": ?2\b/, 'kalam_exec returns rows as JSON');
# The words differ between majors.
like($node->error("COPY app.items FROM stdin (FREEZE);\n\\.\n")->{message}, qr/^cannot perform COPY FREEZE/, 'COPY FREEZE is refused');

# ---- A dump tells of columns that have other names in KalamDB after it has created the table
$node->sql('ALTER TABLE app.items RENAME COLUMN name TO title; CREATE DATABASE restored');
my ($dump, $messages) = ('', '');
ok(IPC::Run::run([ 'pg_dump', '-d', $node->connstr('postgres'), '-n', $stub->unique_name('app') ], '>', \$dump, '2>', \$messages), 'pg_dump succeeds')
  or diag($messages);
my ($host, $port, $token) = ($stub->host, $stub->port, $stub->token);
$node->safe_psql('restored',
	"CREATE EXTENSION pg_kalam; CREATE SERVER kalam_server FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '$host', port '$port');
	 CREATE USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (auth_header '$token'); SET client_min_messages = warning;
	 $dump");
is($node->safe_psql('restored', 'SELECT id, title FROM app.items ORDER BY id'), qq{2|zwei\n9007199254740993|drei "3" äß},
	'the restored table shows the same rows');
$node->sql('DROP DATABASE restored');

$node->sql('DROP TABLE app.items, app.notes');
is($node->sql(q{SELECT kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''app'' LIMIT 10')}),
	'"0 row(s)"', 'both tables are gone on the server');

KalamNode::finish();
