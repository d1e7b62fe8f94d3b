# What a statement says, and what the session can do afterwards, when the server or the network fails.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);

$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t VALUES (1, 'one'), (2, 'two');});

# ---- Nobody listens there
$node->safe_psql('postgres',
	q{CREATE SERVER nobody FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '127.0.0.1', port '1');
	  CREATE USER MAPPING FOR PUBLIC SERVER nobody});
my $error = $node->error(q{SELECT kalam_ping('nobody')});
is($error->{sqlstate}, '08001', 'a server that cannot be reached is an error of class 08001');
is($error->{message}, 'could not connect to KalamDB server "nobody"', 'the message names the server');
like($error->{detail}, qr/127\.0\.0\.1:1: .*refused/i, 'the detail names the address');

# ---- An error of the server
$stub->fault({ method => 'Scan', call => 1, code => 'INTERNAL', message => 'disk on fire' });
($error, my $out) = $node->outcome('SELECT count(*) FROM app.t; SELECT count(*) FROM app.t;');
like($error->{text}, qr/disk on fire/, q{the detail has the server's own words});
is($out, '2', 'the next statement of the session works');

# ---- The connection breaks: a read is repeated, a write that may have been applied is not
$stub->clear_faults;
$stub->forget_calls;
$stub->fault({ method => 'Scan', call => 1, cut => 'before' });
is($node->sql('SELECT count(*) FROM app.t'), '2', 'a read survives a broken connection');

$stub->clear_faults;
$stub->fault({ method => 'Insert', call => 1, cut => 'after' });
($error, $out) = $node->outcome(q{INSERT INTO app.t VALUES (3, 'three'); SELECT id FROM app.t WHERE id IN (3) ORDER BY id;});
is($error->{sqlstate}, '08007', 'a write whose answer was lost is unknown, not repeated');
is($out, '3', 'the lost write had been applied once');
$stub->clear_faults;

# ---- The session was pruned after some silence, or the server lost it
($error, $out) = do
{
	my $session = $node->session;
	$session->send('SELECT count(*) FROM app.t;');
	$session->wait_for(qr/^3$/m);
	$stub->advance('7s');
	$session->send(q{SELECT 'after ' || count(*) FROM app.t;});
	$session->wait_for(qr/after|ERROR/);
	$stub->stop;
	$stub->start;
	$session->send(q{SELECT kalam_ping('kalam_server');});
	$session->send(q{SELECT 'known' FROM app.t;});
	my ($rows, $errors) = $session->finish;
	(KalamNode::parse_error($errors), $rows);
};
like($out, qr/^after 3$/m, 'a pruned session is opened again');
is($error->{sqlstate}, '42P01', 'after a restart of the server the first error is that its table is gone');
$node->psql('postgres', 'DROP SCHEMA app CASCADE');
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t VALUES (1, 'one'), (2, 'two');});

# ---- A server that does not answer: every wait can be left
for my $case (
	[ 'OpenSession', 'SELECT count(*) FROM app.t' ],
	[ 'Scan',        'SELECT count(*) FROM app.t' ],
	[ 'Insert',      q{INSERT INTO app.t VALUES (10, 'ten')} ])
{
	my ($method, $statement) = @$case;
	my $unknown = $method eq 'Insert' ? '08007' : '57014';

	($error, $out) = $node->timed_out($stub, [{ method => $method, black_hole => JSON::PP::true }], "$statement;");
	is($stub->hits, 1, "$method: one call is not answered");
	is($error->{sqlstate}, $unknown, "$method: statement_timeout ends the wait");

	my $session = $node->session;
	my $pid = $session->pid;
	$session->send("$statement;");
	$node->poll_query_until('postgres',
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	$session->wait_for(qr/ERROR/);
	$stub->clear_faults;
	$session->send(q{SELECT 'still here: ' || count(*) FROM app.t;});
	($out, my $text) = $session->finish;
	is(KalamNode::parse_error($text)->{sqlstate}, $unknown, "$method: pg_cancel_backend ends the wait");
	like($out, qr/^still here: [23]$/m, "$method: the session works afterwards");

	$stub->fault({ method => $method, black_hole => JSON::PP::true });
	$session = $node->session;
	$pid = $session->pid;
	$session->send("$statement;");
	$node->poll_query_until('postgres',
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
		"$method: pg_terminate_backend ends the backend");
	$session->{harness}->kill_kill;
	$stub->clear_faults;
	$node->sql('DELETE FROM app.t WHERE id = 10');
}

# ---- Bytes that are no answer
for my $fault ('wrong_bytes', 'truncate')
{
	$stub->fault({ method => 'Scan', call => 1, $fault => JSON::PP::true });
	($error, $out) = $node->outcome('SELECT count(*) FROM app.t; SELECT count(*) FROM app.t;');
	is($error->{sqlstate}, '08P01', "$fault: an error of the protocol");
	is($out, '2', "$fault: the session works afterwards");
	$stub->clear_faults;
}

# ---- Text that is not UTF-8: an error with its place when its row is reached. Rows come in no order.
$node->sql(
	q{CREATE TABLE app.words (id int PRIMARY KEY, w text, n varchar(9)) USING kalamdb;
	  INSERT INTO app.words SELECT i, 'word' || i, 'n' || i FROM generate_series(1, 20000) i});
for my $case ([ 'w', 'word15000' ], [ 'n', 'n15000' ])
{
	my ($column, $text) = @$case;
	$stub->fault({ method => 'Scan', call => 1, spoil => $text });
	my ($code, $rows, $messages) = $node->psql('postgres', q{\set VERBOSITY verbose
		DO $$
		DECLARE
			r record;
			good int := 0;
		BEGIN
			FOR r IN SELECT * FROM app.words LOOP
				good := good + CASE WHEN r.w = 'word' || r.id AND r.n = 'n' || r.id AND r.id <> 15000 THEN 1 END;
			END LOOP;
		EXCEPTION WHEN character_not_in_repertoire THEN
			RAISE NOTICE 'good rows: %', good;
			RAISE;
		END $$;
		SELECT count(*), count(w || n), min(n) FROM app.words;}, on_error_stop => 0);
	is(KalamNode::parse_error($messages)->{sqlstate}, '22021', "a text of column $column that is not UTF-8 is an error") or diag($messages);
	like($messages, qr/good rows: \d+$/m, 'rows before the bad text are as they should be');
	like($messages, qr/ERROR:  22021: value of column "$column" of foreign table "words" is not valid for type /, 'the message names column, table and type');
	unlike($messages, qr/0xff/, 'the error does not quote the bad text');
	like($messages, qr/CONTEXT:  column "$column" of foreign table "words"/, 'the error names the place of the bad text');
	is($rows, '20000|20000|n1', 'the next scan is read');
	$stub->clear_faults;
}

KalamNode::finish();
