# Upserts of several sessions, beside each other and beside INSERT, UPDATE and DELETE: as on an ordinary table, nothing is
# inserted twice and no change is lost. What another client of KalamDB does meanwhile is found out.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamRace;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => "deadlock_timeout = 50ms\n");
my $elsewhere = KalamNode->new('elsewhere', stub => $stub);
KalamRace::on($node);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE SCHEMA heap;
	  CREATE TABLE app.t (id int PRIMARY KEY, n int, note text) USING kalamdb;
	  CREATE TABLE app.code (code int PRIMARY KEY, n int) USING kalamdb;
	  CREATE TABLE app.own (id int PRIMARY KEY, n int) USING kalamdb WITH (type = 'user');
	  CREATE TABLE heap.t (id int PRIMARY KEY, n int, note text);});
$elsewhere->sql(
	q{CREATE SCHEMA other;
	  CREATE FOREIGN TABLE other.t (id int, n int, note text) SERVER kalam_server OPTIONS (namespace 'app', "table" 't')});

# ---- Counters

foreach my $case ([ 'app.t', 'id', '' ], [ 'app.code', 'code', '' ], [ 'app.own', 'id', q{SET kalam.user_id = 'alice';} ])
{
	my ($table, $key, $settings) = @$case;
	my @sessions = map { $node->session } 1 .. 8;
	my $script = join "\n", map { "INSERT INTO $table AS c ($key, n) VALUES (" . ($_ % 5) . ", 1) ON CONFLICT ($key) DO UPDATE SET n = c.n + 1;" } 1 .. 25;
	$_->send("$settings\n$script") foreach @sessions;
	my $errors = join '', map { ($_->finish)[1] } @sessions;
	is($errors, '', "$table: no session fails");
	is($node->sql("$settings SELECT string_agg($key || ': ' || n, ', ' ORDER BY $key) FROM $table"),
		'0: 40, 1: 40, 2: 40, 3: 40, 4: 40', "$table: 8 sessions count to 25 on five rows, which nobody had made");
}

# ---- Two sessions, of which the second waits for the first

sub upsert { my ($id, $where) = @_; return "INSERT INTO t VALUES ($id, 1, 'mine') ON CONFLICT (id) DO UPDATE SET n = t.n + 10, note = t.note || '+' " . ($where // '') . ' RETURNING id, n, note, xmax = 0;'; }
my $skip = q{INSERT INTO t VALUES (9, 1, 'mine') ON CONFLICT DO NOTHING RETURNING id;};
foreach my $case (
	[ 'two of a row that is there', upsert(1), upsert(1), 'COMMIT' ],
	[ 'two of a row that is not', upsert(9), upsert(9), 'COMMIT' ],
	[ 'the first is rolled back', upsert(9), upsert(9), 'ROLLBACK' ],
	[ 'and so is its change', upsert(1), upsert(1), 'ROLLBACK' ],
	[ 'beside an INSERT', q{INSERT INTO t VALUES (9, 5, 'plain')}, upsert(9), 'COMMIT' ],
	[ 'beside an INSERT that is rolled back', q{INSERT INTO t VALUES (9, 5, 'plain')}, upsert(9), 'ROLLBACK' ],
	[ 'beside an UPDATE', 'UPDATE t SET n = 7 WHERE id = 1', upsert(1), 'COMMIT' ],
	[ 'the condition sees the new row', 'UPDATE t SET n = 7 WHERE id = 1', upsert(1, 'WHERE t.n = 0'), 'COMMIT' ],
	[ 'beside a DELETE', 'DELETE FROM t WHERE id = 1', upsert(1), 'COMMIT' ],
	[ 'beside a DELETE that is rolled back', 'DELETE FROM t WHERE id = 1', upsert(1), 'ROLLBACK' ],
	[ 'beside a move', 'UPDATE t SET id = 9 WHERE id = 1', upsert(1), 'COMMIT' ],
	[ 'beside a move to the key', 'UPDATE t SET id = 9 WHERE id = 1', upsert(9), 'COMMIT' ],
	[ 'beside a lock', 'SELECT n FROM t WHERE id = 1 FOR UPDATE', upsert(1), 'COMMIT' ],
	[ 'an UPDATE after it', upsert(1), 'UPDATE t SET n = n + 1 WHERE id = 1 RETURNING n;', 'COMMIT' ],
	[ 'a DELETE after it', upsert(1), 'DELETE FROM t WHERE id = 1 RETURNING n;', 'COMMIT' ],
	[ 'an INSERT after it', upsert(9), q{INSERT INTO t VALUES (9, 5, 'plain');}, 'COMMIT' ],
	[ 'an INSERT after one that is rolled back', upsert(9), q{INSERT INTO t VALUES (9, 5, 'plain');}, 'ROLLBACK' ],
	[ 'a row that the condition leaves as it is stays locked', upsert(1, 'WHERE false'), 'UPDATE t SET n = 3 WHERE id = 1;', 'COMMIT' ],
	[ 'DO NOTHING waits for a new row', upsert(9), $skip, 'COMMIT' ],
	[ 'and takes its place', upsert(9), $skip, 'ROLLBACK' ],
	[ 'a savepoint gives its locks back', 'SAVEPOINT s; ' . upsert(1) . ' ROLLBACK TO s; ' . upsert(2), upsert(1) . upsert(2), 'COMMIT' ])
{
	my ($what, @script) = @$case;
	is(race('app', @script), race('heap', @script), $what);
}

# ---- Who skips rows does not lock them
{
	reset_rows('app');
	my $session = $node->session;
	$session->send(q{BEGIN; INSERT INTO app.t VALUES (1, 1, 'x'), (2, 1, 'x') ON CONFLICT DO NOTHING; SELECT 'done';});
	$session->wait_for(qr/done/);
	is($node->sql(q{SET lock_timeout = '5s'; UPDATE app.t SET n = 5 WHERE id = 1 RETURNING n}), '5', 'others can change them');
	$session->finish;
}

# ---- Deadlock
foreach my $schema (qw(app heap))
{
	reset_rows($schema);
	my @sessions = map { $node->session } 1 .. 2;
	$_->send("\\set VERBOSITY sqlstate\nSET search_path = $schema;") foreach @sessions;
	my $pid = $sessions[0]->pid;
	$sessions[0]->send('BEGIN; ' . upsert(1) . "SELECT 'done';");
	$sessions[1]->send('BEGIN; ' . upsert(2) . "SELECT 'done';");
	$_->wait_for(qr/done/) foreach @sessions;
	$sessions[0]->send(upsert(2));
	wait_for_lock($pid);
	$sessions[1]->send(upsert(1) . 'COMMIT;');
	$sessions[0]->send('COMMIT;');
	my $errors = join '', map { ($_->finish)[1] } @sessions;
	like($errors, qr/^ERROR:  40P01\s*$/, "$schema: one of two that wait for each other ends");
	is($node->sql("SELECT sum(n) FROM $schema.t"), '20', "$schema: and the other one's changes are there");
}

# ---- Other clients of KalamDB
sub conflict
{
	my ($first, $other, $rest) = @_;
	reset_rows('app');
	my $session = $node->session;
	$session->send("\\set VERBOSITY verbose\nSET search_path = app; BEGIN; $first SELECT 'done';");
	$session->wait_for(qr/done/);
	$elsewhere->sql($other);
	$session->send(($rest // '') . 'COMMIT;');
	my ($out, $err) = $session->finish;
	return KalamNode::parse_error($err);
}

{
	my $error = conflict(upsert(9), q{INSERT INTO other.t VALUES (9, 0, 'theirs')});
	is($error->{sqlstate}, '40001', 'a row that came after the lookup');
	is($error->{message}, 'could not serialize access due to concurrent insert', 'the message');
	is($error->{detail}, 'Key (id)=(9) of KalamDB table "app.t" was inserted by others since it was looked up.', 'the detail');
	is($node->sql('SELECT note FROM app.t WHERE id = 9'), 'theirs', 'their row stays');
	$error = conflict(upsert(9) . upsert(1), q{INSERT INTO other.t VALUES (9, 0, 'theirs')});
	is($error->{sqlstate}, '40001', 'the same with other changes');
	is($node->sql('SELECT n FROM app.t WHERE id = 1'), '0', 'which are not made');
	$error = conflict(upsert(9) . q{INSERT INTO t VALUES (8, 0, 'x');}, q{INSERT INTO other.t VALUES (8, 0, 'theirs')});
	is($error->{sqlstate}, '23505', 'a plain INSERT beside it has its own error');
	$error = conflict(upsert(1), 'UPDATE other.t SET n = 5 WHERE id = 1');
	is($error->{sqlstate}, '40001', 'a row that was changed after the lookup');
	is($node->sql('SELECT n FROM app.t WHERE id = 1'), '5', 'their change stays');
	$error = conflict(upsert(1), 'DELETE FROM other.t WHERE id = 1');
	is($error->{sqlstate}, '40001', 'a row that was removed after the lookup');
	$error = conflict(upsert(9) . 'DELETE FROM t WHERE id = 9;', q{INSERT INTO other.t VALUES (9, 0, 'theirs')});
	is($error->{sqlstate} // '', '', 'a row that is removed again is not missed');
}

# ---- Requests
{
	reset_rows('app');
	my $session = $node->session;
	my $number = 0;
	# Beside them the server is asked, once a transaction, whether the table is still the same.
	my $sent = sub {
		my ($sql) = @_;
		$number++;
		$stub->forget_calls;
		$session->send("$sql SELECT 'ready $number.';");
		$session->wait_for(qr/ready $number\./);
		return join ' ', grep { $_ ne 'ExecuteQuery' } map { $_->{method} } $stub->calls;
	};
	$sent->('SET search_path = app; ' . upsert(3));
	is($sent->(upsert(1)), 'Scan Update', 'a row that is there: a lookup and a change');
	is($sent->(upsert(20)), 'Scan Insert', 'a row that is not: a lookup and an insert');
	is($sent->(q{INSERT INTO t VALUES (1, 1, 'x') ON CONFLICT DO NOTHING;}), 'Scan', 'DO NOTHING: a lookup');
	$session->finish;
}

KalamNode::finish();
