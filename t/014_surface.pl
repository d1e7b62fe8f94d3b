# What the SQL regression tests cannot show of functions, settings and options: waits, other sessions, other roles, the
# log, and ports on which something else listens.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--flush-seconds', '3600' ]);
my $node = KalamNode->new('main', stub => $stub, conf => "kalam.snowflake_worker_id = 1023\n");
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t SELECT i, 'v' || i FROM generate_series(1, 5) i;});

sub waits
{
	my ($session) = @_;
	$node->poll_query_until('postgres',
		'SELECT wait_event_type = \'Extension\' FROM pg_stat_activity WHERE pid = ' . $session->{pid});
	return;
}

sub started
{
	my ($sql) = @_;
	my $session = $node->session;
	$session->{pid} = $session->pid;
	$session->send($sql);
	return $session;
}

# ---- kalam_flush waits for the job, a second one for the first, and both can be left
$stub->forget_calls;
my $first = started(q{SELECT 'first: ' || kalam_flush('app.t');});
waits($first);
$node->poll_query_until('postgres', q{SELECT kalam_exec('SELECT status FROM system.jobs LIMIT 1') LIKE '%running%'});
$stub->forget_calls;
my $second = started(q{SELECT 'second: ' || kalam_flush('app.t');});
$stub->wait_for_calls(1, sub { ($_->{sql} // '') =~ /^STORAGE FLUSH/ });
$node->safe_psql('postgres', "SELECT pg_cancel_backend($second->{pid})");
my ($out, $err) = $second->finish;
is(KalamNode::parse_error($err)->{sqlstate}, '57014', 'a wait for a flush behind a running one can be cancelled');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($first->{pid})");
$first->wait_for(qr/ERROR/);
$first->send(q{SELECT 'still here: ' || count(*) FROM app.t;});
($out, $err) = $first->finish;
is(KalamNode::parse_error($err)->{sqlstate}, '57014', 'a wait for a running flush job can be cancelled');
like($out, qr/^still here: 5$/m, 'the session works afterwards');
unlike($out, qr/first: /, 'kalam_flush has not reported an end');
$stub->advance('3601s');
my $third = started(q{SELECT 'third: ' || kalam_flush('app.t');});
waits($third);
$node->poll_query_until('postgres', q{SELECT kalam_exec('SELECT status FROM system.jobs LIMIT 9') LIKE '%running%'});
$stub->advance('3601s');
($out, $err) = $third->finish;
like($out, qr/^third: Flushed \d+ rows from table app\.t$/m, 'a NOTICE reports the end of the job') or diag($err);

# ---- A job that says nothing that is known, or is not listed: an error after some seconds, not a wait without an end
$node->sql(
	q{CREATE TABLE app.jots (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  SET kalam.user_id = 'alice'; INSERT INTO app.jots SELECT i, i FROM generate_series(1, 60) i;});
for my $case ([ 'a status that is not known', 'resting', 'The status of flush job "FL-\w+" is "resting", which is not known\.' ],
	[ 'a job that is not listed', '', 'The server does not list flush job "FL-\w+"\.' ])
{
	my ($name, $status, $detail) = @$case;
	# The flush of the case before has brought the other rows to storage: a table in sync needs none.
	$node->sql(q{SET kalam.user_id = 'alice'; INSERT INTO app.jots SELECT max(id) + 1, 0 FROM app.jots;});
	$stub->control('job-status', $status);
	my $flush = started(q{SELECT kalam_flush('app.t');});
	my $scan = started(q{SET kalam.user_id = 'alice'; SET kalam.server_version_limit = 100; SELECT count(*) FROM app.jots;});
	my (undef, $flush_error) = $flush->finish;
	is(KalamNode::parse_error($flush_error)->{sqlstate}, 'HV000', "$name: kalam_flush ends");
	like($flush_error, qr/DETAIL:  $detail\nHINT:  SELECT kalam_exec\('kalam_server', 'SELECT \* FROM system\.jobs WHERE/,
		'$name: the error says why');
	my ($count, $scan_error) = $scan->finish;
	is(KalamNode::parse_error($scan_error)->{sqlstate}, '55000', "$name: the rows of a user table are not taken for all");
	like($scan_error, qr/DETAIL:  .* $detail$/m, '$name: the error says why not') or diag($count);
	$stub->control('job-status', 'running');
	$stub->advance('3601s');
}
$stub->control('job-status', 'queued');
my $queued = started(q{SELECT 'queued: ' || kalam_flush('app.t');});
waits($queued);
$node->poll_query_until('postgres', q{SELECT kalam_exec('SELECT status FROM system.jobs LIMIT 99') LIKE '%queued%'});
$stub->advance('3601s');
like(($queued->finish)[0], qr/^queued: Flushed /m, 'a queued job is waited for');
$stub->control('job-status', 'skipped');
(undef, $err) = started(q{SELECT kalam_flush('app.t');})->finish;
like($err, qr/ERROR:  HV000: KalamDB could not flush table "app\.t"/, 'a skipped job is reported as having flushed nothing');
$stub->advance('3601s');
$stub->control('job-status', 'running');

# ---- Changed options take effect in a session that is open, while an open cursor goes on
my $port = $stub->port;
my $token = $stub->token;
my ($code, $rows, $text) = $node->psql('postgres', qq{\\set VERBOSITY verbose
	BEGIN;
	DECLARE c CURSOR FOR SELECT id FROM app.t ORDER BY id;
	FETCH 2 FROM c;
	ALTER SERVER kalam_server OPTIONS (SET port '1');
	SAVEPOINT s;
	SELECT count(*) FROM app.t;
	ROLLBACK TO s;
	FETCH 2 FROM c;
	ALTER SERVER kalam_server OPTIONS (SET port '$port');
	SELECT 'again: ' || count(*) FROM app.t;
	FETCH ALL FROM c;
	COMMIT;
	ALTER USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (SET auth_header 'Bearer not-the-secret');
	SELECT count(*) FROM app.t;
	ALTER USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (SET auth_header '$token');
	SELECT 'mended: ' || count(*) FROM app.t;}, on_error_stop => 0);
is($rows, "1\n2\n3\n4\nagain: 5\n5\nmended: 5", 'the cursor and other statements go on');
my @states = $text =~ /ERROR:  (\w{5}):/g;
is("@states", '08001 28000', 'the changed port and the changed credentials were used');
unlike($text, qr/not-the-secret|bridge-token/, 'no message shows a secret');

# ---- Whose user mapping: the owner's of a view and of a SECURITY DEFINER function
$node->sql(
	qq{CREATE TABLE app.notes (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');
	  DROP USER MAPPING FOR PUBLIC SERVER kalam_server;
	  CREATE USER MAPPING FOR CURRENT_USER SERVER kalam_server OPTIONS (auth_header '$token');
	  CREATE ROLE owner_role; CREATE ROLE reader_role LOGIN;
	  CREATE USER MAPPING FOR owner_role SERVER kalam_server OPTIONS (auth_header '$token', user_id 'olga');
	  GRANT USAGE ON SCHEMA app TO owner_role, reader_role;
	  GRANT ALL ON app.notes TO owner_role; GRANT SELECT ON app.notes TO reader_role;
	  SET ROLE owner_role;
	  INSERT INTO app.notes VALUES (1, 'by olga');
	  RESET ROLE;
	  CREATE VIEW app.notes_view AS SELECT body FROM app.notes;
	  CREATE FUNCTION app.notes_function() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT body FROM app.notes';
	  ALTER VIEW app.notes_view OWNER TO owner_role;
	  ALTER FUNCTION app.notes_function() OWNER TO owner_role;
	  GRANT SELECT ON app.notes_view TO reader_role;});
is($node->sql('SET ROLE reader_role; SELECT * FROM app.notes_view'), 'by olga', q{a view uses its owner's mapping});
is($node->sql('SET ROLE reader_role; SELECT * FROM app.notes_function()'), 'by olga', q{a SECURITY DEFINER function uses its owner's mapping});
my $error = $node->error('SET ROLE reader_role; SELECT * FROM app.notes');
is($error->{sqlstate}, '28000', 'the table itself uses the mapping of the current role, which has none');
is($node->sql(q{SET kalam.user_id = 'nobody'; SET ROLE owner_role; SELECT count(*) FROM app.notes}), '0',
	'kalam.user_id wins over the mapping');

# ---- kalam.user_id that was set before the library was loaded
KalamNode::expect_warning(qr/permission denied to set parameter "kalam\.user_id"/);
$node->sql(q{ALTER ROLE reader_role SET session_preload_libraries = 'plpgsql'});
($code, $out, $err) = $node->psql('postgres', q{SET kalam.user_id = 'olga'; SELECT coalesce(kalam_user_id(), 'none')},
	extra_params => [ '-U', 'reader_role' ]);
is($out, 'none', 'a role without the right cannot set it beforehand');
like($err, qr/permission denied to set parameter "kalam\.user_id"/, 'the error says so') or diag("$code: $err");

# ---- Ids of several sessions, and a worker number that is changed
$node->sql('CREATE TABLE ids (id bigint)');
my @sessions = map { started('INSERT INTO ids SELECT snowflake_id() FROM generate_series(1, 20000);') } 1 .. 3;
$_->finish for @sessions;
is($node->sql('SELECT count(*), count(DISTINCT id) FROM ids'), '60000|60000', 'no id comes twice');
my ($one, $other) = ($node->session, $node->session);
my @ids;
for my $session ($one, $other, $other, $one, $other, $one)
{
	$session->send(q{SELECT 'id=' || snowflake_id() || '.';});
	$session->wait_for(qr/id=(\d+)\./);
	push @ids, ${ $session->{out} } =~ /id=(\d+)\./;
	${ $session->{out} } = '';
}
is("@ids", join(' ', sort { $a <=> $b } @ids), 'ids have the order in which they were asked for');
$_->finish for $one, $other;
is($node->sql('SELECT snowflake_id() >> 12 & 1023'), '1023', 'ids hold the worker number');
$node->append_conf('postgresql.conf', 'kalam.snowflake_worker_id = 0');
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT current_setting('kalam.snowflake_worker_id') = '0'}), 'the worker number is changed');
is($node->sql('SELECT snowflake_id() >> 12 & 1023'), '1023', 'the worker number does not change before a restart, as ids would go back');
$node->restart;
is($node->sql('SELECT snowflake_id() >> 12 & 1023'), '0', 'the worker number changes after a restart');

# ---- An HTTP server in place of the RPC listener
my $http = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5, ReuseAddr => 1) or BAIL_OUT("no socket: $!");
my $http_port = $http->sockport;
my $child = fork();
BAIL_OUT("no process: $!") if !defined $child;
if ($child == 0)
{
	while (my $client = $http->accept)
	{
		sysread $client, my $request, 1024;
		syswrite $client, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
		close $client;
	}
	POSIX::_exit(0);
}
$node->sql("CREATE SERVER http FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '127.0.0.1', port '$http_port')");
$error = $node->error(q{SELECT kalam_ping('http')});
is($error->{sqlstate}, '08001', 'an HTTP server is no KalamDB server');
like($error->{detail}, qr/^127\.0\.0\.1:$http_port: the answer is not HTTP\/2/, 'the message says that the server is no KalamDB server') or diag($error->{text});
like($error->{hint}, qr/^Option "port" probably names the server's HTTP port/, 'the hint names the likely reason');
kill 'KILL', $child;
waitpid $child, 0;

# ---- COPY by a role without rights: the server is not asked
$node->sql('CREATE ROLE nobody; GRANT USAGE ON SCHEMA app TO nobody');
$stub->forget_calls;
for my $copy ('COPY app.t TO stdout', 'COPY app.t FROM stdin')
{
	is($node->error("SET ROLE nobody; $copy")->{sqlstate}, '42501', "$copy is refused");
}
is(scalar($stub->calls), 0, 'COPY that is refused asks KalamDB nothing');

# ---- A locked account
$stub->forget_calls;
$stub->fault({ method => 'OpenSession', code => 'UNAUTHENTICATED',
		message => 'authentication failed: Account locked until 2026-01-01 00:00:00 UTC. Too many failed login attempts.' });
$error = $node->error('SELECT count(*) FROM app.t');
is($error->{sqlstate}, '28000', 'a locked account is an error');
like($error->{detail}, qr/Account locked until 2026-01-01/, q{the detail has the server's words});
like($error->{hint}, qr/^Wait until the lock ends/, 'the hint says what to do');
is(scalar($stub->calls('OpenSession')), 1, 'the login was not repeated');
$stub->clear_faults;

KalamNode::finish();
