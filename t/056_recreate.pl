# DROP and CREATE of one name in a transaction: what is sent, when, and what is left where that fails in the middle.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
my $true = JSON::PP::true;

# Everything that KalamDB was asked, in short: the words of a statement, or the method; questions of its catalog as "ask".
# Names of stand-ins are all the same.
sub requests
{
	my @requests;
	for my $call ($stub->calls)
	{
		next if $call->{method} =~ /^(?:Ping|OpenSession|CloseSession)$/;
		my $sql = KalamStub::from_server($call->{sql} // '');
		$sql =~ s/kalam_try_\d+/kalam_try/;
		push @requests, $call->{method} eq 'ExecuteQuery' ? 'ask'
		  : $sql =~ /^((?:CREATE|DROP|ALTER) (?:\w+ )*?(?:TABLE|NAMESPACE) (?:IF (?:NOT )?EXISTS )?\S+)/ ? $1
		  : $sql ne '' ? $sql : $call->{method};
	}
	return join(', ', @requests);
}

sub remote_tables
{
	return $node->sql(
		q{SELECT string_agg(t->>'table_name', ' ')
		  FROM json_array_elements(kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''app'' ORDER BY table_name LIMIT 100')::json) t});
}

# The old table, as each test finds it.
sub set_up
{
	$stub->clear_faults;
	$node->sql(q{SET client_min_messages = error; DROP TABLE IF EXISTS app.t;
		CREATE TABLE app.t (id int PRIMARY KEY, a text) USING kalamdb; INSERT INTO app.t VALUES (1, 'old')});
	$stub->forget_calls;
	return;
}

sub has_old_table
{
	my ($test) = @_;
	$stub->clear_faults;
	is($node->sql('SELECT id, a FROM app.t'), '1|old', "$test: the old table has its rows");
	is(remote_tables(), 'other t', "$test: nothing else is left in KalamDB");
	return;
}

$node->sql(q{CREATE SCHEMA app; CREATE TABLE app.other (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO app.other VALUES (1, 1)});
my $replace = 'DROP TABLE app.t; CREATE TABLE app.t (id int PRIMARY KEY, b int) USING kalamdb;';
my $rows = 'INSERT INTO app.t VALUES (1, 10), (2, 20);';

# ---- What is sent
set_up();
my $session = $node->session;
$session->send("BEGIN; $replace $rows UPDATE app.t SET b = 11 WHERE id = 1;");
$session->send('SELECT sum(b) FROM app.t; SELECT b FROM app.t WHERE id = 2; SELECT b FROM app.t WHERE id = 3; SELECT count(*) FROM app.t;');
$session->send('INSERT INTO app.t VALUES (2, 0) ON CONFLICT DO NOTHING; DELETE FROM app.t WHERE id = 4; ANALYZE app.t; TRUNCATE app.t;');
$session->send(q{INSERT INTO app.t VALUES (1, 1); SELECT 'written';});
$session->wait_for(qr/written/);
like(requests(),
	qr/^(?:ask, )*CREATE NAMESPACE IF NOT EXISTS app, CREATE SHARED TABLE app\.kalam_try, ask, ask, DROP TABLE IF EXISTS app\.kalam_try$/,
	'the definition is tried out, and until COMMIT nothing is asked about the new table');
is(scalar($stub->calls('Scan')), 0, 'no scan and no lookup reaches the server');
$stub->forget_calls;
$session->send('COMMIT;');
my ($out, $err) = $session->finish;
is($err, '', 'COMMIT succeeds');
is($out, "31\n20\n2\nwritten\n", 'the transaction reads its own rows');
is(requests(), 'ask, DROP TABLE IF EXISTS app.t, CREATE SHARED TABLE app.t, Insert',
	'COMMIT asks whether the server answers, drops the old table, creates the new one, and sends its rows');
is($node->sql('SELECT * FROM app.t'), '1|1', 'the new table has the rows of the transaction');

# ---- Several rounds are one
set_up();
$node->sql("BEGIN; $replace $rows $replace $rows ALTER TABLE app.t RENAME COLUMN b TO c; $replace ALTER TABLE app.t ADD COLUMN c int; INSERT INTO app.t VALUES (3, 3, 3); COMMIT;");
is(join(', ', grep { !/kalam_try/ } map { s/ \(.*//r } grep { /TABLE/ } map { KalamStub::from_server($_->{sql}) } $stub->calls('ExecuteSql')),
	'DROP TABLE IF EXISTS app.t, CREATE SHARED TABLE app.t, ALTER TABLE app.t ADD COLUMN c INT',
	'of several rounds the first DROP and the last CREATE are sent');
is($node->sql('SELECT * FROM app.t'), '3|3|3', 'the table is that of the last round');
set_up();
$node->sql("BEGIN; $replace $rows ROLLBACK;");
unlike(requests(), qr/TABLE (?:IF EXISTS )?app\.t\b/, 'ROLLBACK has nothing to undo');
has_old_table('ROLLBACK');

# ---- Several statements of one query, by psql -c
set_up();
my ($printed, $complaint) = ('', '');
IPC::Run::run([ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres'), '-c', KalamStub::to_server("$replace $rows SELECT count(*) FROM app.t") ],
	'<', \undef, '>', \$printed, '2>', \$complaint);
is("$complaint$printed", "2\n", 'psql -c sends DROP, CREATE, INSERT and SELECT as one transaction');
is($node->sql('SELECT count(*) FROM app.t'), '2', 'one simple query replaces the table');

# ---- The definition is refused, or its trial fails: at the statement
set_up();
$stub->fault({ method => 'ExecuteSql', call => 2, code => 'INTERNAL', message => 'Invalid operation: no such table today' });
my ($error) = $node->outcome("BEGIN; $replace COMMIT;");
like($error->{text}, qr/no such table today/, 'what the server says of the definition is said at CREATE');
has_old_table('a definition that is refused');
set_up();
$stub->fault({ method => 'ExecuteSql', call => 2, cut => 'after' });
($error) = $node->outcome("BEGIN; $replace COMMIT;");
is($error->{sqlstate}, '08006', 'the answer to the trial is lost');
has_old_table('a trial whose answer is lost');
set_up();
$stub->fault({ method => 'ExecuteSql', call => 3, code => 'INTERNAL', message => 'disk on fire' });
($error) = $node->outcome("BEGIN; $replace COMMIT;");
like($error->{text}, qr/disk on fire/, 'the stand-in cannot be dropped');
has_old_table('a trial that cannot be cleaned up');
set_up();
($error) = $node->timed_out($stub, [{ method => 'ExecuteSql', call => 2, black_hole => $true }], "BEGIN; $replace COMMIT;");
is($error->{sqlstate}, '57014', 'the trial can be cancelled');
$stub->clear_faults;
is($node->sql('SELECT id, a FROM app.t'), '1|old', 'a trial that was cancelled leaves the old table');

# ---- COMMIT: what fails before the DROP
set_up();
$session = $node->session;
$session->send("BEGIN; $replace $rows SELECT 'written';");
$session->wait_for(qr/written/);
$stub->forget_calls;
$stub->fault({ method => 'ExecuteQuery', call => 1, code => 'INTERNAL', message => 'gone fishing' });
$session->send('COMMIT;');
($out, $err) = $session->finish;
$error = KalamNode::parse_error($err);
like($error->{text}, qr/gone fishing/, 'COMMIT fails when the server cannot be asked');
unlike($error->{text}, qr/is dropped/, 'the error does not speak of a table that is gone');
is(scalar($stub->calls('ExecuteSql')), 0, 'nothing was sent then');
has_old_table('a COMMIT that could not ask');

# Runs the transaction up to COMMIT, then that with faults; returns its error.
sub failed_commit
{
	my ($sql, @faults) = @_;
	my $session = $node->session;
	$session->send("BEGIN; $sql SELECT 'written';");
	$session->wait_for(qr/written/);
	$stub->forget_calls;
	$stub->fault($_) for @faults;
	$session->send('COMMIT;');
	my (undef, $err) = $session->finish;
	$stub->clear_faults;
	return KalamNode::parse_error($err);
}
my $told = sub { return $_[0]->{text} =~ s/.*?^DETAIL:  //msr; };

set_up();
$error = failed_commit("$replace $rows", { method => 'ExecuteSql', call => 1, code => 'INTERNAL', message => 'disk on fire' });
like($error->{text}, qr/disk on fire/, 'the DROP fails');
like($told->($error), qr/KalamDB table "app\.t" may be dropped, with its rows, and the new one was not created\./,
	'the error says that nobody knows what the server has done');
has_old_table('a DROP that fails');

# ---- COMMIT: what fails behind the DROP
my $gone = qr/KalamDB table "app\.t" is dropped, with its rows,/;
set_up();
my $faster = 'Already exists: Table app.t already exists';
$error = failed_commit("$replace $rows", { method => 'ExecuteSql', call => 2, code => 'INTERNAL', message => $faster });
is($error->{sqlstate}, '42P07', 'the CREATE is refused, since another client was faster');
like($told->($error), qr/$gone and the new one was not created\.\nSent: DROP TABLE IF EXISTS app\.t; CREATE SHARED TABLE app\.t \(/,
	'the error tells that the old table is gone, and what was sent');
is($error->{hint}, 'Repeat the whole transaction, with DROP TABLE.', 'the error tells what to do');
is(remote_tables(), 'other', 'the tables of KalamDB are as the error says');
$node->sql("BEGIN; $replace $rows COMMIT;");
is($node->sql('SELECT count(*) FROM app.t'), '2', 'the repeated transaction makes the table');

set_up();
$error = failed_commit("$replace $rows", { method => 'Insert', call => 1, code => 'INTERNAL', message => 'disk on fire' });
like($told->($error), qr/$gone and the new one was created\.\nSent: DROP/, 'the rows are refused: the new table is there');
is(remote_tables(), 'other t', 'the new table stays');
$node->sql("BEGIN; $replace $rows COMMIT;");
is($node->sql('SELECT count(*) FROM app.t'), '2', 'the repeated transaction replaces it');

set_up();
$error = failed_commit("$replace $rows", { method => 'ExecuteSql', call => 1, cut => 'after' });
is($error->{sqlstate}, '08007', 'the answer to DROP is lost');
like($told->($error), qr/KalamDB table "app\.t" may be dropped, with its rows, and the new one was not created\./, 'the error says what may be');

set_up();
$error = failed_commit("$replace $rows", { method => 'ExecuteSql', call => 2, cut => 'after' });
is($error->{sqlstate}, '08007', 'the answer to CREATE is lost');
like($told->($error), qr/$gone and the new one may have been created\./, 'the error says that the old table is gone');

# A COMMIT that is cancelled while the CREATE is not answered.
# What psql says of a COMMIT that is ended while the stub keeps it waiting.
sub stopped_commit
{
	my ($fault, $how) = @_;
	set_up();
	my $stopped = $node->session;
	my $pid = $stopped->pid;
	$stopped->send("BEGIN; $replace $rows SELECT 'written';");
	$stopped->wait_for(qr/written/);
	$stub->fault($fault);
	$stopped->send('COMMIT;');
	$stub->wait_for_hits(1);
	$node->sql("SELECT $how($pid)");
	my (undef, $messages) = $stopped->finish;
	$stub->clear_faults;
	return $messages;
}

$err = stopped_commit({ method => 'ExecuteSql', call => 2, black_hole => $true }, 'pg_cancel_backend');
$error = KalamNode::parse_error($err);
is($error->{sqlstate}, '08007', 'COMMIT is cancelled while CREATE is not answered');
like($told->($error), qr/$gone and the new one may have been created\./, 'the error of a cancelled COMMIT says so');

# A COMMIT that is cancelled while it waits for KalamDB's cleanup.
my $settling = 'Raft error: Internal error: Provider error: Shared table provider not found: app:t';
$err = stopped_commit({ method => 'Insert', code => 'INTERNAL', message => $settling }, 'pg_cancel_backend');
$error = KalamNode::parse_error($err);
is($error->{sqlstate}, '57014', 'COMMIT is cancelled while the server cleans up');
like($told->($error), qr/$gone and the new one was created\./, 'the error says what is there');

# A session that is ended there has no error to tell it by.
KalamNode::expect_warning(qr/the session ended in the middle of a COMMIT/);
$err = stopped_commit({ method => 'ExecuteSql', call => 2, black_hole => $true }, 'pg_terminate_backend');
like($err, qr/terminating connection due to administrator command/, 'the session is ended while CREATE is not answered');
like(slurp_file($node->logfile), qr/WARNING:  08007: the session ended in the middle of a COMMIT\n.*?DETAIL:  $gone and the new one may have been created\.\n\s*Sent: DROP/,
	'the log tells which table is gone');

# ---- KalamDB's cleanup of the dropped table
set_up();
$error = failed_commit("$replace $rows",
	{ method => 'ExecuteSql', call => 1, code => 'INTERNAL', message => q{Idempotent conflict: Job with idempotency key 'drop-app-t' is already running or queued} },
	{ method => 'Insert', call => 1, times => 2, code => 'INTERNAL', message => $settling });
is($error->{sqlstate}, '', 'COMMIT waits for the cleanup');
is($node->sql('SELECT count(*) FROM app.t'), '2', 'the rows come when it has ended');
set_up();
my $two = 'DROP TABLE app.other; CREATE TABLE app.other (id int PRIMARY KEY, c int) USING kalamdb; INSERT INTO app.other VALUES (1, 1);';
$error = failed_commit("$replace $rows $two", { method => 'Delete', call => 1, times => 2, code => 'INTERNAL', message => $settling });
is($error->{sqlstate}, '', 'COMMIT waits before it begins a transaction of the server');
is(scalar($stub->calls('Delete')), 4, 'each new table is asked for until it is ready');
is(scalar($stub->calls('CommitTransaction')), 1, 'the rows of both are one transaction');
is($node->sql('SELECT t.b, other.c FROM app.t JOIN app.other USING (id)'), '10|1', 'both tables have their rows');

# ---- Rows of other tables, which are not atomic with it
set_up();
$error = failed_commit("SET LOCAL kalam.write_mode = autocommit; UPDATE app.other SET c = 2; $replace $rows",
	{ method => 'ExecuteSql', call => 2, code => 'INTERNAL', message => $faster });
like($told->($error), qr/$gone and the new one was not created\.\nThe changes of other tables were applied before that\.\nSent: DROP/,
	'the error tells of rows of other tables');
is($node->sql('SELECT c FROM app.other'), '2', 'the rows of other tables were sent before the DROP');
set_up();
$error = failed_commit("SET LOCAL kalam.write_mode = autocommit; UPDATE app.other SET c = 3; $replace $rows",
	{ method => 'Update', call => 1, code => 'INTERNAL', message => 'disk on fire' });
unlike($error->{text}, qr/is dropped/, 'rows of other tables fail before anything is dropped');
$stub->clear_faults;
is($node->sql('SELECT id, a FROM app.t'), '1|old', 'the old table is there then');
set_up();
$error = failed_commit("SET LOCAL kalam.write_mode = autocommit; UPDATE app.other SET c = 3; $replace $rows SET LOCAL kalam.write_mode = atomic;");
is($error->{sqlstate}, '0A000', 'the mode of COMMIT counts');
is(scalar($stub->calls('ExecuteSql')), 0, 'nothing is sent then');

# ---- Sessions with plans and a known definition
set_up();
my $other = $node->session;
$other->send(q{PREPARE p AS SELECT count(*) FROM app.t; EXECUTE p; SELECT 'one';});
$other->wait_for(qr/one/);
$node->sql("BEGIN; $replace $rows COMMIT;");
$other->send('EXECUTE p; SELECT b FROM app.t WHERE id = 2;');
($out, $err) = $other->finish;
is("$out$err", "1\none\n2\n20\n", 'other sessions read the new table');

# ---- Rights: who could have the old table dropped may have the new one dropped
$stub->clear_faults;
$node->sql('CREATE ROLE app_owner; GRANT USAGE ON FOREIGN SERVER kalam_server TO app_owner; CREATE SCHEMA mine AUTHORIZATION app_owner;');
my ($code2, undef, $warnings) = $node->psql('postgres', q{SET ROLE app_owner;
	CREATE TABLE mine.t (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO mine.t VALUES (1, 1);
	BEGIN; DROP FOREIGN TABLE mine.t;
	CREATE FOREIGN TABLE mine.t (id int NOT NULL, b int) SERVER kalam_server OPTIONS (on_drop 'drop'); INSERT INTO mine.t VALUES (2, 2); COMMIT;});
is($warnings, '', 'no WARNING sets on_drop to keep');
is($node->sql(q{SELECT b FROM mine.t; SELECT ftoptions::text ~ 'on_drop=drop' FROM pg_foreign_table WHERE ftrelid = 'mine.t'::regclass}), "2\nt",
	'a table that a role creates again is its own');

done_testing();
