# Isolation levels above READ COMMITTED: a transaction reads one snapshot of KalamDB or is refused, and never mixes states.
use strict;
use warnings;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--hot-version-cap', '1000', '--transaction-timeout', '300' ]);
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text, n int) USING kalamdb;
	  CREATE TABLE app.s (id int PRIMARY KEY, v text) USING kalamdb;
	  CREATE TABLE app.u (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'user');
	  CREATE TABLE app.e (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);
	  INSERT INTO app.t SELECT i, 'v' || i, i FROM generate_series(1, 100) i;
	  INSERT INTO app.s SELECT i, 's' || i FROM generate_series(1, 10) i;});
$node->sql(q{SET kalam.user_id = 'alice'; INSERT INTO app.u VALUES (1, 'alice')});
$node->sql(q{SET kalam.user_id = 'bob'; INSERT INTO app.u VALUES (1, 'bob')});

my $RR = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
my $number = 0;

# What statements of a session in the background give: rows, and what their errors, warnings and notices say.
sub ask
{
	my ($session, $sql) = @_;
	my ($last, $next) = ($number, ++$number);
	$session->send("\\echo begin $next\n\\warn begin $next\n$sql;\n\\echo end $next\n\\warn end $next\n");
	my %text;
	for my $stream (qw(out err))
	{
		my $end = qr/^begin $next\n(.*?)^end $next$/ms;
		$session->{harness}->pump until KalamStub::from_server(${ $session->{$stream} }) =~ $end;
		($text{$stream}) = KalamStub::from_server(${ $session->{$stream} }) =~ $end;
	}
	chomp $text{out};
	return ($text{out}, KalamNode::parse_error($text{err}), $text{err});
}
sub rows { return (ask(@_))[0]; }
sub failure { return (ask(@_))[1]; }

sub begun { return scalar $stub->calls('BeginTransaction'); }
sub scans { return map { join ',', sort @{ $_->{columns} // [] } } $stub->calls('Scan'); }
sub open_transactions { return $node->sql(q{SELECT kalam_exec('SELECT count(*) AS n FROM system.transactions')}); }
my $NONE_OPEN = '[{"n":0}]';

# ---- One snapshot
my $session = $node->session;
$stub->forget_calls;
ask($session, $RR);
is(begun(), 0, 'a transaction that reads nothing of KalamDB begins nothing there');
is(rows($session, 'SELECT count(*), sum(n) FROM app.t'), '100|5050', 'a REPEATABLE READ transaction reads');
is(begun(), 1, 'in a transaction of the server');
$node->sql(
	q{INSERT INTO app.t VALUES (101, 'new', 1000); UPDATE app.t SET n = 5000 WHERE id = 1; DELETE FROM app.t WHERE id = 2;
	  INSERT INTO app.s VALUES (11, 'new'); UPDATE app.s SET v = 'changed' WHERE id = 1; DELETE FROM app.s WHERE id = 2;});
is(rows($session, 'SELECT count(*), sum(n) FROM app.t'), '100|5050', 'it does not see what others commit');
is(rows($session, 'SELECT count(*) FROM app.t'), '100', 'a bare count does not');
is(rows($session, 'SELECT n FROM app.t WHERE id = 1'), '1', 'a row by its key is as it was');
is(rows($session, 'SELECT n FROM app.t WHERE id IN (2, 101)'), '2', 'so are rows of a list of keys');
is(rows($session, 'SELECT sum(n) FROM app.t WHERE id BETWEEN 100 AND 105'), '100', 'and of a range');
is(rows($session, 'SELECT count(*), min(v), max(id) FROM app.s'), '10|s1|10', 'a table that is first read later is as it was when the transaction began to read');
is(rows($session, 'SELECT t.n, s.v FROM app.t JOIN app.s USING (id) WHERE t.id < 3 ORDER BY 1'), "1|s1\n2|s2", 'a join by key is of the same state');
is(rows($session, 'SELECT v, (SELECT s.v FROM app.s WHERE s.id = t.id) FROM app.t WHERE id IN (1, 2) ORDER BY 1'), "v1|s1\nv2|s2", 'so is a sub-select');
ask($session, 'COMMIT');
is(rows($session, 'SELECT count(*), sum(n) FROM app.t'), '100|11047', 'after it the session sees what is stored');
is(open_transactions(), $NONE_OPEN, 'the transaction of the server has ended');
ok(!grep({ $_->{method} eq 'CommitTransaction' } $stub->calls), 'it was rolled back, as it changed nothing');

# ---- What is asked
$stub->forget_calls;
ask($session, $RR);
ask($session, $_) for 'SELECT sum(n) FROM app.t', 'SELECT count(*) FROM app.t', 'SELECT n FROM app.t WHERE id = 7',
  'SELECT n FROM app.t WHERE id IN (7, 8, 9)', 'SELECT a.n FROM app.t a JOIN app.t b ON b.id = a.n';
is_deeply([ scans() ], ['_seq,id,n'], 'a table is read once in the transaction, whole');
ok(!grep({ @{ $_->{filters} // [] } } $stub->calls('Scan')), 'no key is looked up');
ok(!grep({ ($_->{sql} // '') =~ /count\(/ } $stub->calls('ExecuteQuery')), 'nothing is counted outside of the snapshot');
is(rows($session, 'SELECT v FROM app.t WHERE id = 7'), 'v7', 'another column is read as well');
is(scalar(my @twice = scans()), 2, 'by a second scan in the same snapshot');
like(rows($session, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT v, n FROM app.t'), qr/Kept Answers: 1/, 'EXPLAIN ANALYZE tells that rows were kept');
is(scalar(@twice = scans()), 2, 'which has all columns that were needed');
ask($session, 'COMMIT');

# ---- Rows that do not fit work_mem
ask($session, "SET work_mem = '64kB'; $RR");
is(rows($session, q{SELECT count(*), sum(n), sum(length(repeat(v, 100))) FROM app.t}), rows($session, q{SELECT count(*), sum(n), sum(length(repeat(v, 100))) FROM app.t}), 'small tables stay in memory');
ask($session, 'COMMIT');
$node->sql(q{CREATE TABLE app.wide (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO app.wide SELECT i, repeat(i::text, 300) FROM generate_series(1, 500) i});
my $sum = rows($session, 'SELECT count(*), sum(length(v)), count(DISTINCT v) FROM app.wide');
ask($session, $RR);
is(rows($session, 'SELECT count(*), sum(length(v)), count(DISTINCT v) FROM app.wide'), $sum, 'rows beyond work_mem are kept in a file');
is(rows($session, 'SELECT count(*) FROM app.wide a JOIN app.wide b ON b.v = a.v'), '500', 'which two scans read at once');
is(rows($session, 'SELECT length(v) FROM app.wide WHERE id = 499'), '900', 'and which has the row of a key');
ask($session, 'COMMIT; RESET work_mem');

# ---- Subtransactions and cursors
ask($session, "$RR; SAVEPOINT a");
is(rows($session, 'SELECT count(*) FROM app.s'), '10', 'a snapshot may begin in a subtransaction');
$node->sql(q{INSERT INTO app.s VALUES (12, 'new')});
ask($session, 'ROLLBACK TO a');
is(rows($session, 'SELECT count(*) FROM app.s'), '10', 'which is rolled back, and it is the same one');
is(rows($session, q{DECLARE c CURSOR WITH HOLD FOR SELECT id FROM app.s ORDER BY id; FETCH 2 FROM c}), "1\n3", 'a cursor reads it');
is(rows($session, 'COMMIT; FETCH 1 FROM c; MOVE FORWARD ALL FROM c; FETCH BACKWARD 1 FROM c; CLOSE c'), "4\n11", 'and holds it beyond the transaction');
is(rows($session, 'SELECT count(*) FROM app.s'), '11', 'which the next statement does not see');

# ---- Refusals
sub refused
{
	my ($setup, $statement, $message, $what) = @_;
	my $error = $node->error("SET kalam.user_id = 'alice'; $setup; $statement");
	is("$error->{sqlstate}: $error->{message}", "0A000: $message", "$what is refused");
	like($error->{hint}, qr/kalam\.isolation = 'relaxed'/, 'the hint names the setting');
	return;
}
my $change = 'cannot change or lock rows of KalamDB tables at isolation level REPEATABLE READ';
refused($RR, q{INSERT INTO app.s VALUES (20, 'x')}, $change, 'an INSERT');
refused("$RR; SELECT count(*) FROM app.s", q{UPDATE app.s SET v = 'x' WHERE id = 1}, $change, 'an UPDATE after a read');
refused($RR, 'DELETE FROM app.s', $change, 'a DELETE');
refused($RR, 'TRUNCATE app.s', $change, 'a TRUNCATE');
refused($RR, q{COPY app.s FROM STDIN}, $change, 'a COPY');
refused($RR, q{INSERT INTO app.s VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET v = 'x'}, $change, 'an upsert');
refused($RR, 'SELECT * FROM app.s WHERE id = 1 FOR UPDATE', $change, 'a row lock');
refused($RR, 'ALTER TABLE app.s ALTER COLUMN v SET NOT NULL', $change, 'a check of the rows that are stored');
my $other = 'cannot read KalamDB table "%s" in the snapshot of this transaction';
refused("$RR; SELECT count(*) FROM app.s", 'SELECT * FROM app.u', sprintf($other, 'u'), 'a user table after a shared one');
refused("$RR; SELECT count(*) FROM app.u", 'SELECT * FROM app.s', sprintf($other, 's'), 'a shared table after a user table');
refused("$RR; SELECT count(*) FROM app.u; SET kalam.user_id = 'bob'", 'SELECT * FROM app.u', sprintf($other, 'u'), 'the table of another user');
like($node->error("SET kalam.user_id = 'alice'; $RR; SELECT * FROM app.s JOIN app.u USING (id)")->{message}, qr/^cannot read KalamDB table "[su]" in the snapshot/, 'a join of both is refused');
refused($RR, 'SELECT * FROM app.e', 'cannot read KalamDB table "e" at isolation level REPEATABLE READ', 'a stream table');
for my $mode ('', ' READ ONLY', ' READ ONLY DEFERRABLE')
{
	refused("BEGIN ISOLATION LEVEL SERIALIZABLE$mode", 'SELECT * FROM app.s', 'KalamDB tables cannot be used at isolation level SERIALIZABLE', "SERIALIZABLE$mode");
}
is($node->sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT count(*) FROM app.s; COMMIT"), '11', 'REPEATABLE READ READ ONLY reads');
is($node->error("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; DELETE FROM app.s")->{sqlstate}, '25006', q{and changes nothing, by PostgreSQL's rule});
is($node->sql(q{SET kalam.user_id = 'bob'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT v FROM app.u; SELECT count(*) FROM app.u; COMMIT}), "bob\n1", 'the tables of one user are read in a snapshot');
is($node->sql("$RR; EXPLAIN (COSTS OFF) DELETE FROM app.s WHERE id = 1; COMMIT") =~ /Delete on s/ ? 'yes' : 'no', 'yes', 'EXPLAIN alone changes nothing');
is(open_transactions(), $NONE_OPEN, 'no refusal leaves a transaction of the server behind');

# ---- The end of the server's transaction
ask($session, $RR);
is(rows($session, 'SELECT count(*) FROM app.s'), '11', 'a snapshot that will be lost');
$stub->fault({ method => 'Scan', call => 1, times => 1, abort => \1 });
my $error = failure($session, 'SAVEPOINT a; SELECT count(*) FROM app.t');
like($error->{sqlstate}, qr/^40/, 'a transaction that the server has aborted is an error');
$error = failure($session, 'ROLLBACK TO a; SELECT count(*) FROM app.t');
is("$error->{sqlstate}: $error->{hint}", '40001: Run the transaction again.', 'and stays one: no other snapshot takes its place');
is(rows($session, 'ROLLBACK TO a; SELECT count(*) FROM app.s'), '11', 'what was read before is kept');
ask($session, 'ROLLBACK');
$stub->clear_faults;
is(rows($session, 'SELECT count(*) FROM app.t'), '100', 'the session goes on');

ask($session, $RR);
ask($session, 'SELECT count(*) FROM app.s');
$stub->control('restart');
$error = failure($session, 'SELECT count(*) FROM app.t');
like($error->{sqlstate}, qr/^(?:40|08)/, 'a restart of the server ends the snapshot');
ask($session, 'ROLLBACK');

# The answer that tells of the end is lost with the connection: asking again would read what is stored by then.
ask($session, $RR);
ask($session, 'SELECT count(*) FROM app.s');
$stub->fault({ method => 'Scan', call => 1, times => 1, abort => \1, cut => 'after' });
$error = failure($session, 'SAVEPOINT a; SELECT count(*) FROM app.t');
like($error->{sqlstate}, qr/^(?:40|08)/, 'a lost answer is an error');
$error = failure($session, 'ROLLBACK TO a; SELECT count(*) FROM app.t');
is($error->{sqlstate}, '40001', 'and nothing more is read in that transaction');
ask($session, 'ROLLBACK');
$stub->clear_faults;

# The first access may begin anew.
ask($session, $RR);
$stub->fault({ method => 'Scan', call => 1, times => 1, abort => \1 });
failure($session, 'SAVEPOINT a; SELECT count(*) FROM app.t');
is(rows($session, 'ROLLBACK TO a; SELECT count(*) FROM app.t'), '100', 'a snapshot of which nothing was read is taken again');
ask($session, 'COMMIT');
$stub->clear_faults;

# ---- Cancelling
($error) = $node->timed_out($stub, [ { method => 'Scan', black_hole => \1 } ], "$RR; SELECT count(*) FROM app.t; ROLLBACK");
is($error->{sqlstate}, '57014', 'a scan in a snapshot is cancelled');
$stub->clear_faults;
($error) = $node->timed_out($stub, [ { method => 'BeginTransaction', black_hole => \1 } ], "$RR; SELECT count(*) FROM app.t; ROLLBACK");
is($error->{sqlstate}, '57014', 'so is the beginning of one');
$stub->clear_faults;
ask($session, 'SELECT 1');
is(open_transactions(), $NONE_OPEN, 'the transactions of the server have ended with their sessions');

# ---- Completeness
$node->sql(q{CREATE TABLE app.many (id int PRIMARY KEY, v int) USING kalamdb; SET kalam.auto_flush = off; INSERT INTO app.many SELECT i, i FROM generate_series(1, 1500) i});
$error = $node->error("$RR; SELECT count(*) FROM app.many");
is($error->{sqlstate}, '55000', 'a table that the server reads a part of is an error');
like($error->{hint}, qr/kalam_flush\('app\.many'\)/, 'the hint names the flush');
$node->sql(q{SELECT kalam_flush('app.many')});
is($node->sql("$RR; SELECT count(*), sum(v) FROM app.many; COMMIT"), '1500|1125750', 'once flushed it is read');

ask($session, $RR);
ask($session, 'SELECT count(*) FROM app.s');
$node->sql(q{UPDATE app.many SET v = 0 WHERE id = 1; SELECT kalam_flush('app.many')});
$error = failure($session, 'SELECT sum(v) FROM app.many');
is($error->{sqlstate}, '40001', 'a table of which later rows were flushed is an error');
like($error->{detail}, qr/flushed/, 'which says so');
ask($session, 'ROLLBACK');
ask($session, $RR);
is(rows($session, 'SELECT sum(v) FROM app.many'), '1125749', 'the next transaction reads it');
ask($session, 'COMMIT');

# ---- A long silence
my $keeps = sub { return $_->{method} eq 'Scan' && @{ $_->{filters} // [] } };
ask($session, "SET kalam.snapshot_keep_alive = '100ms'; $RR; SELECT count(*) FROM app.s");
for my $round (1 .. 3)
{
	$stub->forget_calls;
	ok($stub->wait_for_calls(2, $keeps) >= 2, "while a session is idle its snapshot is asked for something, round $round");
	$stub->advance('200s');
}
is(rows($session, 'SELECT count(*) FROM app.t'), '100', 'so that it outlives a silence of ten minutes');
ask($session, 'COMMIT');
is(open_transactions(), $NONE_OPEN, 'its end is the end of the transaction');
$stub->forget_calls;
ask($session, 'SELECT count(*) FROM app.s');
is(scalar(grep { $keeps->() } $stub->calls), 0, 'and of the questions');
ask($session, "SET kalam.snapshot_keep_alive = '4min'; $RR; SELECT count(*) FROM app.s");
$stub->advance('400s');
$error = failure($session, 'SELECT count(*) FROM app.t');
like($error->{sqlstate}, qr/^40/, 'a snapshot that the server has ended for silence is an error');
ask($session, 'ROLLBACK; RESET kalam.snapshot_keep_alive');
ask($session, "SET kalam.snapshot_keep_alive = '100ms'; $RR; SELECT count(*) FROM app.s");
$stub->forget_calls;
$stub->control('restart');
$stub->wait_for_calls(1, $keeps);
$error = failure($session, 'SELECT count(*) FROM app.t');
like($error->{sqlstate}, qr/^(?:40|08)/, 'so is one whose end a question in between has found');
ask($session, 'ROLLBACK; RESET kalam.snapshot_keep_alive');

# ---- Relaxed
KalamNode::expect_warning(qr/isolation level/);
my $relaxed = $node->session;
ask($relaxed, q{SET kalam.isolation = relaxed; SET kalam.user_id = 'alice'});
my ($out, undef, $text) = ask($relaxed, "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM app.s");
is($out, '11', 'SERIALIZABLE reads under relaxed');
is($text, '', 'without a word');
$node->sql(q{INSERT INTO app.s VALUES (30, 'new')});
is(rows($relaxed, 'SELECT count(*) FROM app.s'), '11', 'from a snapshot');
($out, undef, $text) = ask($relaxed, 'SELECT v FROM app.u');
is($out, 'alice', 'tables of another group are read');
like($text, qr/WARNING:  01000: a transaction at isolation level SERIALIZABLE reads several snapshots of KalamDB/, 'with a WARNING');
($out, undef, $text) = ask($relaxed, 'SELECT count(*) FROM app.t');
is("$out$text", '100', 'once a transaction');
($out, undef, $text) = ask($relaxed, q{UPDATE app.s SET v = 'relaxed' WHERE id = 1 RETURNING v});
is($out, 'relaxed', 'a change is accepted');
like($text, qr/WARNING:  01000: statements of a transaction at isolation level SERIALIZABLE read KalamDB tables as they are/, 'with a WARNING');
is(rows($relaxed, 'SELECT count(*) FROM app.s'), '12', 'from then on each statement reads the latest');
is(rows($relaxed, 'SELECT v FROM app.s WHERE id = 1'), 'relaxed', 'and the own changes');
is((ask($relaxed, 'COMMIT'))[2], '', 'COMMIT stores them');
is($node->sql('SELECT v FROM app.s WHERE id = 1'), 'relaxed', 'for all');
($out, undef, $text) = ask($relaxed, "$RR; INSERT INTO app.s VALUES (31, 'x') RETURNING id; COMMIT");
is("$out$text", '31', 'the WARNING comes once a session');
is(rows($relaxed, "$RR; SELECT count(*) FROM app.e; COMMIT"), '0', 'stream tables are read');
is(rows($relaxed, "$RR; SELECT v FROM app.s WHERE id = 1 FOR UPDATE; COMMIT"), 'relaxed', 'rows are locked');
ask($relaxed, "$RR; SELECT count(*) FROM app.s; UPDATE app.s SET v = v || '!' WHERE id = 1");
$node->sql(q{SELECT kalam_exec('UPDATE app.s SET v = ''other'' WHERE id = 1')});
is(failure($relaxed, 'COMMIT')->{sqlstate}, '40001', 'a row that another client has changed meanwhile is a conflict');
is($node->sql('SELECT v FROM app.s WHERE id = 1'), 'other', 'whose change stays');
$relaxed->finish;
is(open_transactions(), $NONE_OPEN, 'no transaction of the server is left');

# ---- pg_dump
sub dump_rows
{
	my ($options, @arguments) = @_;
	my ($sql, $err) = ('', '');
	local $ENV{PGOPTIONS} = $options;
	my $ok = IPC::Run::run([ 'pg_dump', '-d', $node->connstr('postgres'), '--data-only', '--include-foreign-data=kalam_server', @arguments ],
		'<', \undef, '>', \$sql, '2>', \$err);
	return ($ok ? $sql : undef, $err);
}
my $content = q{SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM app.%s t};
my %before = map { $_ => $node->sql(sprintf $content, $_) } qw(t s wide many);
$stub->forget_calls;
my ($dump, $errors) = dump_rows('', map { "--table=app.$_" } keys %before);
is($errors, '', 'pg_dump --include-foreign-data saves rows');
is(begun(), 1, 'in one snapshot');
$node->sql("TRUNCATE app.$_") for keys %before;
$node->sql($dump);
is_deeply({ map { $_ => $node->sql(sprintf $content, $_) } keys %before }, \%before, 'and the restored tables are as they were');
(undef, $errors) = dump_rows(q{-c kalam.user_id=alice}, '--table=app.s', '--table=app.u');
like($errors, qr/cannot read KalamDB table "[su]" in the snapshot of this transaction/, 'tables of two groups are refused');
($dump) = dump_rows(q{-c kalam.user_id=alice -c kalam.isolation=relaxed}, '--table=app.s', '--table=app.u');
like($dump, qr/^1\talice$/m, 'and saved under relaxed');

# ---- postgres_fdw, which always opens REPEATABLE READ
SKIP:
{
	skip('postgres_fdw is not installed', 6) if $node->sql(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';
	my ($host, $port) = ($node->host, $node->port);
	$node->sql(
		qq{CREATE EXTENSION postgres_fdw; CREATE SCHEMA far;
		  CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres');
		  CREATE USER MAPPING FOR PUBLIC SERVER loop; IMPORT FOREIGN SCHEMA app LIMIT TO (t, s) FROM SERVER loop INTO far});
	is($node->sql('SELECT count(*), sum(n) FROM far.t'), $node->sql('SELECT count(*), sum(n) FROM app.t'), 'postgres_fdw reads');
	is($node->sql('SELECT s.v FROM far.t JOIN far.s USING (id) WHERE t.id = 3'), 's3', 'and joins');
	is($node->error(q{UPDATE far.s SET v = 'far' WHERE id = 3})->{sqlstate}, '0A000', 'what it changes is refused');
	$node->sql(q{ALTER SERVER loop OPTIONS (ADD options '-c kalam.isolation=relaxed')});
	is($node->sql(q{UPDATE far.s SET v = 'far' WHERE id = 3 RETURNING v}), 'far', 'and stored under relaxed');
	is($node->sql('SELECT v FROM app.s WHERE id = 3'), 'far', 'once it commits');
}

$session->finish;
KalamNode::finish();
