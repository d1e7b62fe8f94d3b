# Row locks, and kalam.write_mode: changes that KalamDB cannot commit as one.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $node = KalamNode->new('main', stub => $stub);

$node->create_changed('app');

# So many calls since the last forget_calls.
sub calls_are
{
	my ($method, $number, $name) = @_;
	SKIP:
	{
		$stub->need_calls(1);
		is(scalar(my @calls = $stub->calls($method)), $number, $name);
	}
	return;
}

$node->reset_changed;
my $before = '1a 2b 3c';

# ---- Row locks
for my $strength ('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE')
{
	is($node->sql("SELECT id, v FROM app.t WHERE v = 'a' FOR $strength"), '1|a', "FOR $strength of a row that a scan finds returns the row");
	is($node->sql("SELECT id, v FROM app.t WHERE id = 1 FOR $strength"), '1|a', "FOR $strength of a key returns the row");
}
is($node->sql('SELECT count(*) FROM app.t JOIN app.log USING (id)'), '0', 'a join without a lock works');
is($node->sql('SELECT l.id FROM app.log l JOIN app.t USING (id) FOR UPDATE OF l'), '', 'a lock of the other table works');

# ---- kalam.write_mode = autocommit: what cannot be one commit is several
$node->reset_changed;
$node->sql(
	q{CREATE TABLE app.mine (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'user');
	  CREATE TABLE app.coded (code text PRIMARY KEY, v text) USING kalamdb;
	  CREATE TABLE app.events (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);});
my $both = q{SET kalam.user_id = 'alice';
	BEGIN;
	INSERT INTO app.log VALUES (1);
	INSERT INTO app.t VALUES (4, 'd');
	UPDATE app.t SET v = v || '!' WHERE id IN (1, 2);
	INSERT INTO app.mine VALUES (1, 'x'), (2, 'y');
	COMMIT;};
my ($error) = $node->outcome($both);
is($error->{sqlstate}, '0A000', 'tables of two kinds are refused');
like($error->{hint}, qr/kalam\.write_mode/, 'the hint names the setting');
is($node->remote_rows, $before, 'the refusal writes nothing');
($error) = $node->outcome("SET kalam.write_mode = autocommit; $both");
is($error->{text}, '', 'tables of two kinds are written when the setting allows several requests');
is($node->remote_rows, '1a! 2b! 3c 4d', 'the first table has its rows');
is($node->sql(q{SET kalam.user_id = 'alice'; SELECT count(*) FROM app.mine}), '2', 'the second table has its rows');
is($node->local_rows, 1, 'the local table has its row');

# The second one fails at COMMIT: the first one stays, and the error says so.
$node->reset_changed;
($error) = $node->outcome("SET kalam.write_mode = autocommit; SET kalam.check_keys = commit; $both");
is($error->{sqlstate}, '23505', 'the cause of a failure in the middle keeps its SQLSTATE');
like($error->{text}, qr/not undone: row changes: 3; requests or transactions: 1\./, 'the detail names the changes that stay');
is($node->remote_rows, '1a! 2b! 3c 4d', 'the rows show the changes that stay');
is($node->local_rows, 0, 'PostgreSQL has rolled back its changes');

# The first one fails: nothing is applied.
($error) = $node->outcome("SET kalam.write_mode = autocommit; SET kalam.check_keys = commit; $both");
is($error->{sqlstate}, '23505', 'a failure at the start keeps its SQLSTATE');
unlike($error->{text}, qr/not undone/, 'a failure at the start leaves nothing in KalamDB');
is($node->remote_rows, '1a! 2b! 3c 4d', 'the rows show that nothing was left');

# A key that is not called id: beside other changes, and more than one request.
$node->sql(q{INSERT INTO app.coded VALUES ('a', '1'), ('b', '2'), ('c', '3')});
my $coded = q{BEGIN; UPDATE app.coded SET v = v || '!' WHERE code IN ('a', 'b'); DELETE FROM app.coded WHERE code = 'c';
	INSERT INTO app.coded VALUES ('d', '4'); COMMIT};
like($node->error($coded)->{hint}, qr/kalam\.write_mode/, 'inserts beside changes need the setting');
$node->sql("SET kalam.write_mode = autocommit; $coded");
is($node->sql(q{SELECT string_agg(code || v, ' ' ORDER BY code) FROM app.coded}), 'a1! b2! d4', 'inserts and changes are sent together with the setting');
$stub->forget_calls;
$coded = q{INSERT INTO app.coded SELECT 'k' || i, repeat('x', 1000000) FROM generate_series(1, 9) i};
like($node->error($coded)->{hint}, qr/kalam\.write_mode/, 'more rows than fit one request need the setting');
calls_are('Insert', 0, 'no row of them is sent without the setting');
$node->sql("SET kalam.write_mode = autocommit; $coded");
is($node->sql(q{SELECT count(*) FROM app.coded WHERE code LIKE 'k%'}), '9', 'all rows are there');
calls_are('Insert', 3, 'the rows are sent in three requests');
SKIP:
{
	skip 'a server cannot be told to fail', 3 if $stub->is_server;
	$coded =~ s/'k'/'m'/;
	$stub->fault({ method => 'Insert', call => 3, code => 'INTERNAL', message => 'Provider error: no' });
	like($node->error("SET kalam.write_mode = autocommit; $coded")->{text},
		qr/not undone: row changes: 8; requests or transactions: 2\./, 'the third request fails');
	$stub->clear_faults;
	is($node->sql(q{SELECT count(*) FROM app.coded WHERE code LIKE 'm%'}), '8', 'the rows of two requests stay');
}

# More rows of one table than one request holds: a transaction of the server, or with the setting requests of their own.
my $many = q{INSERT INTO app.t SELECT i, repeat('x', 1000000) FROM generate_series(101, 109) i};
$stub->forget_calls;
$node->sql($many);
calls_are('CommitTransaction', 1, 'many rows are one commit');
$stub->forget_calls;
$many =~ s/101, 109/201, 209/;
$node->sql("SET kalam.write_mode = autocommit; $many");
calls_are('BeginTransaction', 0, 'and no transaction with the setting');
calls_are('Insert', 3, 'but three requests');
is($node->sql('SELECT count(*) FROM app.t WHERE id > 100'), '18', 'all rows are there');

# Many more rows in a transaction of the server take long, which a session says once.
$many = q{INSERT INTO app.t SELECT i, repeat('x', 300) FROM generate_series(10001, 26000) i};
my ($long, $longer) = ($many, $many =~ s/10001, 26000/30001, 46000/r);
my (undef, undef, $said) = $node->psql('postgres', "$long; $longer;");
is(() = $said =~ /NOTICE:  inserting 16000 rows into KalamDB table "app\.t" as one transaction may take 5 seconds/g, 1,
	'a session says once how long many rows take in a transaction of the server');
like($said, qr/HINT:  With kalam\.write_mode = autocommit /, 'and which setting takes less');
(undef, undef, $said) = $node->psql('postgres', 'SET kalam.write_mode = autocommit; ' . $many =~ s/10001, 26000/50001, 66000/r);
is($said, '', 'with the setting there is nothing to say');

# Rows that were written to a temporary file are sent as those in memory are, with tags beside other changes.
$node->sql(
	q{SET work_mem = '64kB'; BEGIN; INSERT INTO app.t SELECT i, repeat('y', 100) || i FROM generate_series(70001, 72000) i;
	  UPDATE app.t SET v = 'changed' WHERE id = 101; COMMIT;});
is($node->sql(q{SELECT count(*), count(DISTINCT v) FROM app.t WHERE id > 70000 AND v = repeat('y', 100) || id}),
	'2000|2000', 'rows of a temporary file are stored as they were written');

# Stream tables.
my $events = q{SET kalam.user_id = 'alice'; INSERT INTO app.events SELECT i, repeat('x', 1000000) FROM generate_series(1, 9) i};
is($node->error($events)->{sqlstate}, '54000', 'more stream rows than one request holds need the setting');
$node->sql("SET kalam.write_mode = autocommit; $events");
is($node->sql(q{SET kalam.user_id = 'alice'; SELECT count(*) FROM app.events}), '9', 'more stream rows than one request holds are several requests with the setting');

KalamNode::finish();
