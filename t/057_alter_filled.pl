# Schema changes of tables that have rows: what is sent when, and what is left when sending fails.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $node = KalamNode->new('main', stub => $stub);
my $elsewhere = KalamNode->new('elsewhere', stub => $stub);
$node->sql('CREATE SCHEMA app; CREATE SCHEMA heap');

# The same table with three rows in KalamDB and in PostgreSQL.
sub create
{
	my ($name) = @_;
	for my $schema ('app', 'heap')
	{
		my $using = $schema eq 'app' ? 'USING kalamdb' : '';
		$node->sql("CREATE TABLE $schema.$name (id int PRIMARY KEY, a text, b int) $using;
		  INSERT INTO $schema.$name SELECT i, 'r' || i, nullif(i, 2) FROM generate_series(1, 3) i");
	}
	return;
}

sub rows { my ($table) = @_; return $node->sql("SELECT t.* FROM $table t ORDER BY id"); }

sub remote_columns
{
	my ($name) = @_;
	return $node->sql("SELECT string_agg(c ->> 'column_name' || CASE WHEN c ->> 'nullable' = 'false' THEN '!' ELSE '' END, ' ' ORDER BY (c ->> 'ordinal')::int)
	  FROM jsonb_array_elements(kalam_exec('SELECT column_name, nullable, ordinal FROM system.columns WHERE namespace_id = ''app'' AND table_name = ''$name'' ORDER BY ordinal LIMIT 100')::jsonb) c
	  WHERE c ->> 'column_name' NOT LIKE '\\_%'");
}

# What a migration tool sends as one simple query, and as separate statements of a transaction.
my $migration = q{UPDATE SCHEMA.NAME SET b = 0 WHERE b IS NULL;
  ALTER TABLE SCHEMA.NAME ALTER COLUMN b SET NOT NULL;
  ALTER TABLE SCHEMA.NAME ADD COLUMN c int DEFAULT 5 NOT NULL;
  ALTER TABLE SCHEMA.NAME ALTER COLUMN c DROP DEFAULT;
  UPDATE SCHEMA.NAME SET c = id WHERE id = 3;
  ALTER TABLE SCHEMA.NAME ALTER COLUMN c TYPE bigint;
  ALTER TABLE SCHEMA.NAME ALTER COLUMN a TYPE varchar;
  INSERT INTO SCHEMA.NAME VALUES (4, 'new', 4, 9007199254740993);
  ALTER TABLE SCHEMA.NAME DROP COLUMN a};

for my $way ('one', 'many')
{
	create($way);
	for my $schema ('app', 'heap')
	{
		(my $sql = $migration) =~ s/SCHEMA/$schema/g;
		$sql =~ s/NAME/$way/g;
		if ($way eq 'one')
		{
			my ($code, undef, $err) = $node->psql('postgres', $sql =~ s/;/\\;/gr . ';');
			is($code, 0, "$schema: a migration sent as one simple query runs") or diag($err);
		}
		else
		{
			$node->sql("BEGIN; $sql; COMMIT;");
		}
	}
	is(rows("app.$way"), rows("heap.$way"), "a migration sent as $way: both tables have the same rows");
	is(remote_columns($way), 'id! b! c!', "a migration sent as $way: KalamDB has the columns");
}

SKIP:
{
	$stub->need_calls(3);
	create('sent');
	$stub->forget_calls;
	$node->sql("BEGIN; ALTER TABLE app.sent ADD COLUMN c int NOT NULL DEFAULT 5; SELECT count(*) FROM app.sent; COMMIT");
	my @sent = map { $_->{method} eq 'ExecuteSql' ? $_->{sql} =~ /^ALTER TABLE \S+ (.*)/ ? $1 : () : $_->{method} =~ /^(Begin|Update|Commit)/ ? $1 : () }
	  map { { method => $_->{method}, sql => $_->{sql} // $_->{request}{sql} // '' } } $stub->calls;
	is(join(', ', grep { !/^Begin|^Commit/ } @sent), 'ADD COLUMN c INT DEFAULT 5, Update, Update, Update, ALTER COLUMN c SET NOT NULL',
		'the column is made at once without NOT NULL, which follows the rows');
	$stub->forget_calls;
	$node->sql("ALTER TABLE app.sent ALTER COLUMN a TYPE text, ALTER COLUMN b TYPE int");
	is(scalar(grep { ($_->{sql} // $_->{request}{sql} // '') =~ /ALTER TABLE/ } $stub->calls), 0, 'ALTER TYPE to the same type sends no statement');
	is(scalar(grep { $_->{method} =~ /Update|Insert/ } $stub->calls), 0, 'ALTER TYPE to the same type sends no row');
}

SKIP:
{
	$stub->need_calls(2);
	create('copied');
	$stub->forget_calls;
	$node->sql("BEGIN; ALTER TABLE app.copied ALTER b TYPE text USING 'b' || b; COMMIT");
	my @sent = map { ($_->{sql} // '') =~ /^ALTER TABLE \S+ (.*)/ ? $1 : $_->{method} =~ /^Update/ ? 'Update' : () } $stub->calls;
	is(join(', ', @sent), 'ADD COLUMN b_v2 TEXT, Update, Update, Update, DROP COLUMN b', 'another type: the old column is dropped behind the rows');
	is(scalar(grep { /RENAME|MODIFY/ } @sent), 0, 'another type: nothing is renamed or modified');
}

# Another client changes a row meanwhile.
create('raced');
my $session = $node->session;
$session->send("BEGIN; ALTER TABLE app.raced ADD COLUMN c int NOT NULL DEFAULT 5; SELECT 'done';");
$session->wait_for(qr/done/);
$elsewhere->sql(q{CREATE SCHEMA app; CREATE FOREIGN TABLE app.raced (id int, a text) SERVER kalam_server; UPDATE app.raced SET a = 'theirs' WHERE id = 2});
$session->send('COMMIT;');
my (undef, $err) = $session->finish;
is(KalamNode::parse_error($err)->{sqlstate}, '40001', 'a row that another client has changed meanwhile is 40001 at COMMIT');
is(rows('app.raced'), "1|r1|1\n2|theirs|\n3|r3|3", '40001: the rows are as they were');
is(remote_columns('raced'), 'id! a b', '40001: the column is gone');
$node->sql('ALTER TABLE app.raced ADD COLUMN c int NOT NULL DEFAULT 5');
is(rows('app.raced'), "1|r1|1|5\n2|theirs||5\n3|r3|3|5", 'the migration can be repeated');

# Sessions of this PostgreSQL wait.
create('locked');
$session = $node->session;
$session->send("BEGIN; ALTER TABLE app.locked ADD COLUMN c int NOT NULL DEFAULT 5; SELECT 'done';");
$session->wait_for(qr/done/);
my $other = $node->session;
my $pid = $other->pid;
$other->send("INSERT INTO app.locked (id, a) VALUES (4, 'waits');");
ok($node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid"), 'an INSERT waits for the ALTER');
$session->send('COMMIT;');
$session->finish;
(undef, $err) = $other->finish;
is($err, '', 'the INSERT runs after the ALTER');
is(rows('app.locked'), "1|r1|1|5\n2|r2||5\n3|r3|3|5\n4|waits||5", 'the row that has waited gets the default');

# COMMIT fails: at the rows, and at what follows them.
SKIP:
{
	skip('a server takes no faults', 13) if $stub->is_server;
	create('failed');
	$stub->fault({ method => 'CommitTransaction', call => 1, code => 'INTERNAL', message => 'disk on fire' });
	my $error = $node->error("BEGIN; ALTER TABLE app.failed ADD COLUMN c int NOT NULL DEFAULT 5; COMMIT");
	isnt($error->{sqlstate}, '', 'the commit of the rows fails');
	$stub->clear_faults;
	is(rows('app.failed'), "1|r1|1\n2|r2|\n3|r3|3", 'the commit of the rows fails: the rows are as they were');
	is(remote_columns('failed'), 'id! a b', 'the commit of the rows fails: the column is gone');
	$node->sql('ALTER TABLE app.failed ADD COLUMN c int NOT NULL DEFAULT 5');
	is(rows('app.failed'), "1|r1|1|5\n2|r2||5\n3|r3|3|5", 'the commit of the rows fails: the migration can be repeated');
	is(remote_columns('failed'), 'id! a b c!', 'the commit of the rows fails: the repeated one has all its effects');

	create('typed');
	$stub->fault({ method => 'CommitTransaction', call => 1, code => 'INTERNAL', message => 'disk on fire' });
	$error = $node->error("BEGIN; ALTER TABLE app.typed ALTER b TYPE text USING 'b' || b; UPDATE app.typed SET b = b || '!'; COMMIT");
	isnt($error->{sqlstate}, '', 'another type: the commit of the rows fails');
	$stub->clear_faults;
	is(rows('app.typed'), "1|r1|1\n2|r2|\n3|r3|3", 'another type, the commit fails: the rows are as they were');
	is(remote_columns('typed'), 'id! a b', 'another type, the commit fails: the new column is gone');
	$node->sql("ALTER TABLE app.typed ALTER b TYPE text USING 'b' || b");
	is(rows('app.typed'), "1|r1|b1\n2|r2|\n3|r3|b3", 'another type, the commit fails: it can be repeated');
}

# The limit of one transaction, and the way around it.
$node->sql("CREATE TABLE app.large (id int PRIMARY KEY, a text) USING kalamdb;
  SET kalam.write_mode = autocommit; INSERT INTO app.large SELECT i, 'x' FROM generate_series(1, 5000) i");
my ($code, undef, $notices) = $node->psql('postgres', "ALTER TABLE app.large ADD COLUMN b int NOT NULL DEFAULT 5");
like($notices, qr/NOTICE:  filling 5000 rows of KalamDB table "app.large" may take 2 seconds when the transaction commits/, 'many rows: a NOTICE tells how long it may take');
is($node->sql('SELECT count(*), sum(b) FROM app.large'), '5000|25000', 'many rows: all are filled');

$node->sql("CREATE TABLE app.larger (id int PRIMARY KEY, a text) USING kalamdb;
  SET kalam.write_mode = autocommit; INSERT INTO app.larger SELECT i, 'x' FROM generate_series(1, 40001) i");
my $error = $node->error('ALTER TABLE app.larger ADD COLUMN b int NOT NULL DEFAULT 5');
is($error->{sqlstate}, '54000', 'too many rows for NOT NULL at once: 54000');
like($error->{hint}, qr/kalam_flush/, 'too many rows for NOT NULL at once: the HINT tells the steps');
is(remote_columns('larger'), 'id! a', 'too many rows for NOT NULL at once: no column was made');

KalamNode::finish();
