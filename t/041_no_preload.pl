# Sessions in which the library is not loaded when they start, so that the statement that loads it goes by the hook that
# looks at others: rights hold there as well.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => "session_preload_libraries = ''\n");
$node->sql(
	q{LOAD 'pg_kalam';
	  CREATE ROLE dev; CREATE SCHEMA ten; CREATE SCHEMA dev; GRANT USAGE, CREATE ON SCHEMA dev TO dev;
	  GRANT USAGE ON FOREIGN SERVER kalam_server TO dev;
	  CREATE TABLE ten.pay (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO ten.pay VALUES (1, 'salary');
	  CREATE TABLE dev.made (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO dev.made VALUES (1, 'mine');
	  ALTER TABLE dev.made OWNER TO dev;});

sub as_dev
{
	my ($statements) = @_;
	return $node->outcome("SET ROLE dev; $statements");
}
my $shows = q{CREATE FOREIGN TABLE dev.pay (id int, v text) SERVER kalam_server
	OPTIONS (namespace 'ten', "table" 'pay', on_drop 'drop')};

my ($error, $out) = as_dev("$shows;");
is($error->{sqlstate}, '55000', q{on_drop 'drop' is not taken without looking whether KalamDB has the table});
like($error->{hint}, qr/^Add pg_kalam to session_preload_libraries .* the statement can be repeated\.$/, 'the hint says what to do');
KalamNode::expect_warning(qr/option "on_drop" of foreign table "pay" is set to "keep"/);
($error, $out) = as_dev("$shows; $shows; DROP FOREIGN TABLE dev.pay; SELECT 'dropped';");
is($out, 'dropped', 'the statement is taken when it is repeated, as keep');
is($node->sql('SELECT v FROM ten.pay'), 'salary', 'the repeated statement drops nothing in KalamDB');

($error, $out) = as_dev(q{ALTER FOREIGN TABLE dev.made OPTIONS (SET namespace 'ten', SET "table" 'pay');});
is($error->{sqlstate}, '55000', q{an ALTER of a table that has on_drop 'drop' is not taken either});
is($node->sql('SELECT v FROM dev.made'), 'mine', 'the table stays what it was');
$node->sql(q{ALTER FOREIGN TABLE dev.made OPTIONS (SET on_drop 'keep')});
for my $options (q{SET namespace 'ten', SET "table" 'pay'}, q{DROP namespace, DROP "table"})
{
	($error, $out) = as_dev("ALTER FOREIGN TABLE dev.made OPTIONS ($options);");
	is($error->{sqlstate}, '42501', "ALTER ... OPTIONS ($options) takes the server's owner");
}
is($node->sql('SELECT v FROM dev.made'), 'mine', 'the table stays what it was');

$node->sql(q{ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces 'dev')});
($error, $out) = as_dev(
	q{CREATE FOREIGN TABLE dev.pay (id int, v text) SERVER kalam_server OPTIONS (namespace 'ten', "table" 'pay');});
is($error->{sqlstate}, '', 'a foreign table can be made without a look at the namespace');
$stub->forget_calls;
for my $statement ('SELECT * FROM dev.pay', 'INSERT INTO dev.pay VALUES (2)', 'DELETE FROM dev.pay', 'TRUNCATE dev.pay')
{
	($error, $out) = as_dev("$statement;");
	is($error->{sqlstate}, '42501', "$statement: is refused when the namespace is not allowed");
}
is(scalar $stub->calls, 0, 'KalamDB is asked nothing');

# The planner is helped by a hook. Without it PostgreSQL finds no index for the clause; the statement has loaded the library.
my $upsert = q{INSERT INTO ten.pay VALUES (1, 'new') ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v};
is($node->error($upsert)->{sqlstate}, '42P10', 'ON CONFLICT (key) as the first statement of a session needs the preloaded library');
is($node->sql("SELECT count(*) FROM ten.pay; $upsert RETURNING v"), "1\nnew", 'a later one does not');
is($node->sql(q{INSERT INTO ten.pay VALUES (1, 'other') ON CONFLICT DO NOTHING; SELECT v FROM ten.pay}), 'new', 'nor does DO NOTHING without a key');

# ---- DDL that KalamDB has to follow

$node->create_server('second', stub => $stub);
$node->sql(
	q{LOAD 'pg_kalam'; ALTER SERVER kalam_server OPTIONS (DROP allowed_namespaces); CREATE SCHEMA part; CREATE SCHEMA away; CREATE TYPE mood AS ENUM ('well');
	  CREATE TABLE part.t (id int PRIMARY KEY, v text, w text) USING kalamdb; INSERT INTO part.t VALUES (1, 'a', 'b');
	  CREATE FOREIGN TABLE part.child (id int, v text) SERVER kalam_server OPTIONS (namespace 'part', "table" 't');
	  CREATE TABLE part.parent (id int, v text); ALTER TABLE part.child INHERIT part.parent;
	  CREATE FOREIGN TABLE part.other (id int) SERVER second OPTIONS (namespace 'part', "table" 't'); CREATE TABLE part.plain (id int, v text);
	  CREATE ROLE leaver; CREATE SCHEMA leaver AUTHORIZATION leaver; GRANT USAGE ON FOREIGN SERVER kalam_server TO leaver;
	  SET ROLE leaver; CREATE TABLE leaver.t (id int PRIMARY KEY) USING kalamdb;});

for my $statement (
	'ALTER TABLE part.t ADD COLUMN x int',
	'ALTER TABLE part.t DROP COLUMN w',
	'ALTER TABLE part.t ALTER COLUMN v SET NOT NULL',
	"ALTER FOREIGN TABLE part.t ALTER COLUMN v SET DEFAULT 'x', OWNER TO CURRENT_USER",
	'ALTER TABLE part.parent ADD COLUMN x int',
	'ALTER TABLE part.parent RENAME COLUMN v TO x',
	'ALTER TABLE part.t RENAME TO u',
	'ALTER FOREIGN TABLE part.t RENAME COLUMN v TO x',
	'ALTER TABLE part.t SET SCHEMA away',
	'ALTER SCHEMA part RENAME TO away2',
	'DROP FOREIGN TABLE part.t',
	'DROP TABLE part.parent CASCADE',
	'DROP SCHEMA part CASCADE',
	'DROP SERVER second CASCADE',
	'DROP OWNED BY leaver',
	'ALTER TABLE part.t ALTER COLUMN v TYPE int USING 1',
	'DO $$BEGIN ALTER TABLE part.t ADD COLUMN x int; END$$')
{
	my $before = $node->sql(q{SELECT string_agg(attrelid::regclass || '.' || attname || attnotnull, ',' ORDER BY attrelid, attnum) FROM pg_attribute
		JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped AND relnamespace::regnamespace::text IN ('part', 'leaver')});
	my $error = $node->error($statement);
	is($error->{sqlstate}, '55000', "$statement is refused before the library is loaded") or diag($error->{text});
	like($error->{hint}, qr/^The library is loaded now: repeat the statement\./, "$statement: the hint says to repeat it");
	is($node->sql(q{SELECT string_agg(attrelid::regclass || '.' || attname || attnotnull, ',' ORDER BY attrelid, attnum) FROM pg_attribute
		JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped AND relnamespace::regnamespace::text IN ('part', 'leaver')}),
		$before, "$statement: nothing has changed");
}
is($node->error('ALTER TABLE part.t SET UNLOGGED')->{sqlstate}, '0A000', 'what is refused anyway is refused with its own error');

($error, $out) = $node->outcome('ALTER TABLE part.t ADD COLUMN x int; ALTER TABLE part.t ADD COLUMN x int; SELECT x IS NULL FROM part.t;');
is($error->{sqlstate}, '55000', 'the first ALTER TABLE of a session is refused');
is($out, 't', 'the second one adds the column on both sides');
for my $statement ('ALTER TABLE part.t OWNER TO CURRENT_USER', 'GRANT SELECT ON part.t TO dev', q{COMMENT ON FOREIGN TABLE part.t IS 'x'},
	'ALTER FOREIGN TABLE part.t ALTER COLUMN v SET STATISTICS 10', 'ALTER FOREIGN TABLE part.t ADD CONSTRAINT c CHECK (id > 0)',
	'ALTER TABLE part.plain ADD COLUMN x int', 'ALTER TABLE part.plain RENAME TO plain2', 'DROP TABLE part.plain2', 'DROP TYPE mood',
	'ALTER SCHEMA away RENAME TO away3', 'DROP SCHEMA away3')
{
	($error, $out) = $node->outcome("$statement; SELECT 'done';");
	is("$error->{sqlstate}$out", 'done', "$statement concerns PostgreSQL alone, and passes");
}
($error, $out) = $node->outcome("DROP OWNED BY leaver; DROP OWNED BY leaver; SELECT 'done';");
is($out, 'done', 'DROP OWNED passes when it is repeated');

# ---- A dump is restored without the library

my ($dump, $messages) = ('', '');
IPC::Run::run([ 'pg_dump', '-n', 'part', '-d', $node->connstr('postgres') ], '>', \$dump, '2>', \$messages) or diag($messages);
$node->sql('CREATE DATABASE restored');
my ($code, $rows, $err) = $node->psql('restored', join("\n", 'CREATE EXTENSION pg_kalam;', map {
	sprintf "CREATE SERVER %s FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '%s', port '%s');
	CREATE USER MAPPING FOR PUBLIC SERVER %s OPTIONS (auth_header '%s');", $_, $stub->host, $stub->port, $_, $stub->token;
} 'kalam_server', 'second'), on_error_stop => 1);
is($code, 0, 'another database has the servers') or diag($err);
($code, $rows, $err) = $node->psql('restored', $dump, on_error_stop => 1);
is($code, 0, 'a dump is restored by a session that did not load the library') or diag($err);
is($node->safe_psql('restored', q{SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'part'::regnamespace AND relkind = 'f'}),
	'child,other,t', 'all its foreign tables are there');

KalamNode::finish();
