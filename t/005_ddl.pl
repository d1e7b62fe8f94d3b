# CREATE and DROP when the server or the connection fails in the middle: PostgreSQL's table and KalamDB's stay together.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => 'max_prepared_transactions = 2');

$node->sql('CREATE SCHEMA app; CREATE TABLE app.first (id int PRIMARY KEY) USING kalamdb;');

sub remote_tables
{
	return $node->sql(
		q{SELECT string_agg(t->>'table_name', ' ')
		  FROM json_array_elements(kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''app'' ORDER BY table_name LIMIT 100')::json) t});
}

sub local_tables
{
	return $node->sql(q{SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'app'::regnamespace});
}

# Of CREATE TABLE the second ExecuteSql is the one that creates; the first makes sure of the namespace.
my $create = 'CREATE TABLE app.t (id int PRIMARY KEY) USING kalamdb';

# ---- The answer is lost after the table was made
$stub->fault({ method => 'ExecuteSql', call => 2, cut => 'after' });
my ($error) = $node->outcome("$create;");
is($error->{sqlstate}, '08006', 'the answer to CREATE is lost');
is(local_tables(), 'first', 'the local table does not exist after the lost answer');
is(remote_tables(), 'first', 'the remote table was dropped again');
$stub->clear_faults;

# ---- The server refuses: nothing was made, so nothing is dropped
$stub->forget_calls;
$stub->fault({ method => 'ExecuteSql', call => 2, code => 'INTERNAL', message => 'Already exists: Table app.t already exists' });
($error) = $node->outcome("$create;");
is($error->{sqlstate}, '42P07', 'CREATE fails when somebody else was faster');
is(scalar($stub->calls('ExecuteSql')), 2, q{another's table is not dropped});
is(local_tables(), 'first', 'the local table does not exist when somebody else was faster');
$stub->clear_faults;

# ---- Cancelled while the server is silent
($error, my $out) =
  $node->timed_out($stub, [{ method => 'ExecuteSql', call => 2, black_hole => JSON::PP::true }], "$create; SELECT 'still here';");
is($error->{sqlstate}, '57014', 'statement_timeout ends CREATE');
is($out, 'still here', 'the session works after the timeout');
is(local_tables(), 'first', 'the local table does not exist after the timeout');
$stub->clear_faults;

# Cancels CREATE while the server is silent, and what undoes it takes that long; returns what its session then brings.
sub cancel_create
{
	my ($milliseconds, $sql) = @_;
	$stub->fault({ method => 'ExecuteSql', call => 2, black_hole => JSON::PP::true });
	$stub->fault({ method => 'ExecuteSql', call => 3, delay_ms => $milliseconds });
	my $session = $node->session;
	my $pid = $session->pid;
	$session->send("$create; $sql");
	$stub->wait_for_hits(1);
	$node->sql("SELECT pg_cancel_backend($pid)");
	my ($rows, $text) = $session->finish;
	return (KalamNode::parse_error($text), $rows =~ s/^pid=\d+\n//r);
}

# ---- The server stays silent to what undoes it: the session waits for neither, but does not forget
KalamNode::expect_warning(qr/could not undo the creation of KalamDB table "app\.t"/);
$stub->forget_calls;
($error, $out) = cancel_create(2000, "SELECT 'still here'; $create; INSERT INTO app.t VALUES (1); SELECT id FROM app.t;");
is($error->{sqlstate}, '57014', 'CREATE is cancelled');
like($error->{text}, qr/WARNING:  57014: could not undo the creation of KalamDB table "app\.t"/, 'the WARNING says that the CREATE cannot be undone in time');
like($error->{detail}, qr/may still carry out the request/, 'the cancelled request goes on');
is($out, "still here\n1\n", 'the table is created again after the DROP that was late, not before it');
is(remote_tables(), 'first t', 'the new table stays');
is(join(' ', map { ($_->{sql} // '') =~ /^(\w+) (?:SHARED )?TABLE/ } $stub->calls('ExecuteSql')),
	'DROP CREATE', 'CREATE, DROP and CREATE reach the server in this order');
$node->sql('DROP TABLE app.t');
$stub->clear_faults;

# ---- A DROP that KalamDB carries out after seconds: a table of that name is made after it
($error, $out) = cancel_create(5000, "$create; INSERT INTO app.t VALUES (1); SELECT pg_sleep_for('5 s'); SELECT id FROM app.t;");
is($error->{sqlstate}, '57014', 'CREATE is cancelled');
is($out, "\n1\n", 'the row of the new table is still there');
$node->sql('DROP TABLE app.t');
$stub->clear_faults;

# ---- The backend ends while CREATE waits, or what undoes it after a cancellation: its request is not cancelled with it
for my $end ('pg_terminate_backend', 'pg_cancel_backend')
{
	my $session = $node->session;
	my $pid = $session->pid;
	$stub->forget_calls;
	$stub->fault({ method => 'ExecuteSql', call => 2, black_hole => JSON::PP::true });
	$stub->fault({ method => 'ExecuteSql', call => 3, delay_ms => 300 });
	$session->send("$create;");
	$stub->wait_for_hits(1);
	$node->sql("SELECT $end($pid)");
	$session->wait_for(qr/57014|57P01/);
	$session->finish;
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"), "$end: the session ends");
	my @ends = map { $_->{method} eq 'CloseSession' ? 'CloseSession' : 'DROP' }
	  $stub->wait_for_calls(2, sub { ($_->{sql} // '') =~ /^DROP/ || $_->{method} eq 'CloseSession' });
	is("@ends", 'DROP CloseSession', "$end: the session ends after KalamDB has undone the CREATE");
	$stub->clear_faults;
}

# ---- A namespace that was made for it stays, empty or not: KalamDB drops what others have put into it meanwhile
$stub->forget_calls;
(undef, $out, my $said) =
  $node->psql('postgres', 'BEGIN; CREATE TABLE fresh.t (id int PRIMARY KEY) USING kalamdb; ROLLBACK;');
like($said, qr/NOTICE:  namespace "fresh" stays in KalamDB/, 'ROLLBACK says that the namespace stays');
is(join('; ', map { $_->{sql} } $stub->calls('ExecuteSql')) =~ s/ \([^;]*//r,
	'CREATE NAMESPACE IF NOT EXISTS fresh; CREATE SHARED TABLE fresh.t; DROP TABLE IF EXISTS fresh.t',
	'only what the session has made is dropped');

# ---- Types as KalamDB was seen to take them: without a blank, whichever of its parsers reads the statement
$stub->forget_calls;
$node->sql('CREATE TABLE app.n (id int PRIMARY KEY, a numeric(10,2)) USING kalamdb');
$node->sql('ALTER TABLE app.n ADD COLUMN b numeric');
is(join('; ', map { $_->{sql} =~ /TABLE/ ? $_->{sql} : () } $stub->calls('ExecuteSql')),
	'CREATE SHARED TABLE app.n (id INT PRIMARY KEY, a DECIMAL(10,2)); ALTER TABLE app.n ADD COLUMN b DECIMAL(38,10)',
	'precision and scale are written without a blank');
$node->sql('DROP TABLE app.n');

# ---- DROP: the server fails at COMMIT
$node->sql("$create; INSERT INTO app.t VALUES (1);");
$stub->fault({ method => 'ExecuteSql', call => 1, code => 'INTERNAL', message => 'disk on fire' });
($error) = $node->outcome('DROP TABLE app.t;');
like($error->{text}, qr/disk on fire/, 'DROP fails when its COMMIT fails');
is($node->sql('SELECT id FROM app.t'), '1', 'the table is still there');
$stub->clear_faults;

# ---- DROP: no answer comes. Cut off after it was done, or never done: nobody knows.
($error, $out) = $node->timed_out($stub, [{ method => 'ExecuteSql', call => 1, black_hole => JSON::PP::true }],
	q{DROP TABLE app.t; SELECT 'still here';});
is($error->{sqlstate}, '08007', 'a DROP that was not answered in time has an unknown outcome');
is($out, 'still here', 'the session works after the unanswered DROP');
is($node->sql('SELECT id FROM app.t'), '1', 'the table is still there after the unanswered DROP');
$stub->clear_faults;

# ---- DROP: a clean-up job of the same name is running
$stub->fault({ method => 'ExecuteSql', call => 1, code => 'INTERNAL',
	message => q{Idempotent conflict: Job with idempotency key 'drop-app-t' is already running or queued} });
$node->sql('DROP TABLE app.t');
is(remote_tables(), 'first', 'DROP is repeated while the server is busy');
is(local_tables(), 'first', 'the repeated DROP drops the local table too');
$stub->clear_faults;

# ---- CREATE: the same
$stub->fault({ method => 'ExecuteSql', call => 2, code => 'INTERNAL',
	message => q{Idempotent conflict: Job with idempotency key 'drop-app-t' is already running or queued} });
$node->sql("$create; INSERT INTO app.t VALUES (2);");
is($node->sql('SELECT id FROM app.t'), '2', 'CREATE is repeated while the server is busy');
$stub->clear_faults;
$stub->fault({ method => 'ExecuteSql', call => 1, code => 'INTERNAL',
	message => 'Execution error: Raft error: Internal error: Provider error: Shared table provider not found: app:t' });
$node->sql('ALTER TABLE app.t ADD COLUMN a int');
is($node->sql('SELECT id, a FROM app.t'), '2|', 'ADD COLUMN is repeated while the table is not ready');
$stub->clear_faults;
# It may end in the middle of a request: whether that adds the column is not known, and the server is busy still.
KalamNode::expect_warning(qr/could not undo ADD COLUMN b of KalamDB table "app\.t"/);
($error) = $node->timed_out($stub,
	[{ method => 'ExecuteSql', code => 'INTERNAL',
		message => q{Idempotent conflict: Job with idempotency key 'drop-app-t' is already running or queued} }],
	'ALTER TABLE app.t ADD COLUMN b int;');
is($error->{sqlstate}, '57014', 'the wait of ALTER TABLE can be cancelled');
$stub->clear_faults;
$node->sql('DROP TABLE app.t');

# ---- Rows for a table that was dropped and created again a moment ago
my $settling = 'Raft error: Internal error: Provider error: Shared table provider not found: app:t';
$node->sql($create);
$stub->forget_calls;
$stub->fault({ method => 'Insert', call => 1, times => 2, code => 'INTERNAL', message => $settling });
$node->sql('INSERT INTO app.t VALUES (1)');
is(scalar($stub->calls('Insert')), 3, 'INSERT is repeated until the table is ready');
is($node->sql('SELECT count(*) FROM app.t'), '1', 'the repeated INSERT leaves one row');
$stub->clear_faults;
($error) = $node->timed_out($stub, [{ method => 'Insert', code => 'INTERNAL', message => $settling }],
	'INSERT INTO app.t VALUES (2);');
is($error->{sqlstate}, '57014', 'the wait of INSERT can be cancelled');
($error) = $node->outcome('INSERT INTO app.t VALUES (2);');
is($error->{sqlstate}, '42P01', 'the cancelled INSERT ends');
$stub->clear_faults;
is($node->sql('SELECT count(*) FROM app.t'), '1', 'the cancelled INSERT writes no row');
$node->sql('DROP TABLE app.t');

# ---- TRUNCATE is one transaction
$node->sql("$create; INSERT INTO app.t SELECT generate_series(1, 100)");
$stub->fault({ method => 'CommitTransaction', call => 1, code => 'INTERNAL', message => 'disk on fire' });
($error) = $node->outcome('TRUNCATE app.t;');
is($node->sql('SELECT count(*) FROM app.t'), '100', 'TRUNCATE whose commit fails deletes nothing');
$stub->clear_faults;
$node->sql('TRUNCATE app.t');
is($node->sql('SELECT count(*) FROM app.t'), '0', 'a TRUNCATE whose commit succeeds deletes all rows');
$node->sql('DROP TABLE app.t');

# ---- Two-phase commit
($error) = $node->outcome("BEGIN; $create; PREPARE TRANSACTION 'x';");
is($error->{sqlstate}, '0A000', 'PREPARE TRANSACTION is refused');
is(remote_tables(), 'first', 'the CREATE before PREPARE TRANSACTION is undone');

# ---- ALTER TABLE: the remote column and the local one stay together
sub remote_columns
{
	return $node->sql(
		q{SELECT string_agg(t->>'column_name', ' ' ORDER BY t->>'column_name')
		  FROM json_array_elements(kalam_exec('SELECT column_name FROM system.columns WHERE namespace_id = ''app'' AND table_name = ''altered'' LIMIT 100')::json) t
		  WHERE left(t->>'column_name', 1) <> '_'});
}

sub local_columns
{
	return $node->sql(
		q{SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
		  WHERE attrelid = 'app.altered'::regclass AND attnum > 0 AND NOT attisdropped AND left(attname, 1) <> '_'});
}

$node->sql('CREATE TABLE app.altered (id int PRIMARY KEY, a int) USING kalamdb; INSERT INTO app.altered VALUES (1, 1)');
my $add = 'ALTER TABLE app.altered ADD COLUMN b int';

$stub->fault({ method => 'ExecuteSql', call => 1, cut => 'after' });
($error) = $node->outcome("$add;");
is($error->{sqlstate}, '08006', 'the answer to ADD COLUMN is lost');
is(local_columns(),    'a id',  'the local column does not exist after the lost answer');
is(remote_columns(),   'a id',  'the remote column was dropped again');
$stub->clear_faults;

$stub->forget_calls;
$stub->fault({ method => 'ExecuteSql', call => 1, code => 'INTERNAL', message => q{Invalid operation: Column 'b' already exists} });
($error) = $node->outcome("$add;");
is(scalar($stub->calls('ExecuteSql')), 1,      'a remote column is not dropped when its ADD COLUMN was refused');
is(local_columns(),                    'a id', 'the local column does not exist after the refusal');
$stub->clear_faults;

($error, $out) =
  $node->timed_out($stub, [{ method => 'ExecuteSql', call => 1, black_hole => JSON::PP::true }], "$add; SELECT 'still here';");
is($error->{sqlstate}, '57014',      'statement_timeout ends ADD COLUMN');
is($out,               'still here', 'the session works after the timeout of ADD COLUMN');
is(local_columns(),    'a id',       'the local column does not exist after the timeout');
$stub->clear_faults;

# ADD COLUMN is sent at once, DROP COLUMN when the transaction commits.
$stub->forget_calls;
$stub->fault({ method => 'ExecuteSql', call => 2, code => 'INTERNAL', message => 'no' });
($error) = $node->outcome("BEGIN; $add; ALTER TABLE app.altered DROP COLUMN a; COMMIT;");
is(local_columns(),                    'a id', 'DROP COLUMN fails at COMMIT: the local columns are as before');
is(remote_columns(),                   'a id', 'the remote columns are as before too');
is(scalar($stub->calls('ExecuteSql')), 3,      'ADD and DROP COLUMN are sent, and the ADD is undone');
$stub->clear_faults;

$stub->forget_calls;
$node->outcome("BEGIN; $add; ALTER TABLE app.altered DROP COLUMN a; ROLLBACK;");
is(scalar($stub->calls('ExecuteSql')),          2,      'ROLLBACK undoes ADD COLUMN and never sends DROP COLUMN');
is(remote_columns(),                            'a id', 'the remote columns are as before');
is($node->sql('SELECT a FROM app.altered'),     '1',    'the values of the dropped column are still there');

# ---- The server goes away before ROLLBACK
KalamNode::expect_warning(qr/could not undo the creation of KalamDB table "app\.t"/);
my $session = $node->session;
$session->send("BEGIN; $create; SELECT 'created';");
$session->wait_for(qr/created/);
$stub->stop;
$session->send("ROLLBACK; SELECT 'rolled back';");
$session->wait_for(qr/rolled back/);
my (undef, $messages) = $session->finish;
like($messages, qr/WARNING: .*could not undo the creation of KalamDB table "app\.t"/, 'the WARNING of ROLLBACK says what it could not do');
like($messages, qr/HINT: .*Drop it in KalamDB/, 'the WARNING says what the user can do');

# ---- Changed options reach an open session
my $other = KalamStub->new;
$stub->start;
$session = $node->session;
$session->send(q{SELECT kalam_exec('CREATE NAMESPACE here');});
$session->wait_for(qr/created/);
$session->send(sprintf q{ALTER SERVER kalam_server OPTIONS (SET port '%d');}, $other->port);
$session->send(q{SELECT 'there: ' || kalam_exec('SELECT count(*) AS n FROM system.namespaces WHERE name = ''here''');});
$session->wait_for(qr/there: /);
($out) = $session->finish;
like($out, qr/there: \[\{"n":0\}\]/, 'the session goes to the other server');

KalamNode::finish();
