# A name comes to mean another relation while a statement waits for KalamDB: who owns a schema renames it, and makes
# another one of that name. What the extension runs by itself stays with the table that it is about, and nothing that
# the role has put in its place runs with the rights of others.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE ROLE eve; CREATE ROLE bob;
	  GRANT CREATE ON DATABASE postgres TO eve; GRANT USAGE ON FOREIGN SERVER kalam_server TO eve;
	  CREATE SCHEMA bob AUTHORIZATION bob;
	  GRANT USAGE ON SCHEMA bob TO eve;
	  CREATE TABLE bob.secret (id int, v int); ALTER TABLE bob.secret OWNER TO bob;
	  INSERT INTO bob.secret SELECT i, i FROM generate_series(1, 10) i;
	  SET ROLE eve;
	  CREATE SCHEMA spy; GRANT USAGE ON SCHEMA spy TO public;
	  CREATE FUNCTION spy.look() RETURNS int LANGUAGE plpgsql AS
	    'BEGIN RAISE NOTICE $$code of eve as %$$, current_user; RETURN NULL; END';
	  CREATE SCHEMA app;
	  CREATE TABLE app.a (id int PRIMARY KEY, v int) USING kalamdb; INSERT INTO app.a VALUES (1, 1);
	  CREATE TABLE app.t (id int PRIMARY KEY, v int) USING kalamdb; INSERT INTO app.t VALUES (1, 1);});

# Runs a statement, and what eve does while the first call of the method waits; puts the schemas back.
sub while_renamed
{
	my ($method, $role, $statement, $eve) = @_;
	$stub->clear_faults;
	$stub->fault({ method => $method, call => 1, times => 1, delay_ms => 3000 });
	my $session = $node->session;
	$session->send("\\set VERBOSITY verbose\nSET ROLE $role;\n$statement;\nSELECT 'done';");
	$stub->wait_for_hits(1);
	$node->sql("SET ROLE eve; ALTER SCHEMA app RENAME TO app_old; CREATE SCHEMA app; $eve");
	my ($out, $err) = $session->finish;
	$stub->clear_faults;
	my $rows = $node->sql('SELECT count(*) FROM app_old.t');
	$node->sql('DROP SCHEMA app CASCADE; ALTER SCHEMA app_old RENAME TO app');
	return ($out, $err, $rows);
}

my ($out, $err, $rows) =
  while_renamed('Scan', 'eve', 'TRUNCATE app.a, app.t', 'CREATE VIEW app.t AS SELECT * FROM bob.secret');
is($node->sql('SELECT count(*) FROM bob.secret'), '10', 'TRUNCATE deletes no rows of another table, to which eve has no rights');
is("$out$err$rows", "done\n0", 'TRUNCATE deletes the rows of its own table');

my $trap = 'SELECT g AS id, spy.look() AS v FROM generate_series(1, 3) g';
(undef, $err) = while_renamed('ExecuteQuery', 'postgres', 'COPY app.t TO STDOUT', "CREATE VIEW app.t AS $trap");
unlike($err, qr/code of eve/, "COPY by a superuser runs no code that stands in the table's place");
like($err, qr/ERROR:  55000: relation referenced by COPY statement has changed/, 'COPY from the table fails');

# ---- The table that was made is not where it was to be
$node->sql(q{SELECT kalam_exec('CREATE TABLE app.there (id INT PRIMARY KEY, v INT) WITH (TYPE = ''SHARED'')')});
foreach my $case (
	[ 'CREATE FOREIGN TABLE', 'CREATE FOREIGN TABLE app.there (id int, v int) SERVER kalam_server', '' ],
	[ 'CREATE TABLE … AS', 'CREATE TABLE app.made USING kalamdb AS SELECT 1 AS id, 2 AS v', 'CREATE TABLE app_old.made (id int, v int)' ])
{
	my ($what, $statement, $eve) = @$case;
	($out, $err) = while_renamed('ExecuteQuery', 'eve', $statement, $eve);
	like($err, qr/ERROR:  55006: the schema of table "\w+" was renamed while the table was created/, "$what in a schema that is renamed fails");
	is($out, "done\n", 'the session goes on afterwards');
	$node->sql('DROP TABLE IF EXISTS app.made');
}

KalamNode::finish();
