# Every wait for KalamDB can be left, whatever the backend waits for: by a time-out, Ctrl-C, an administrator, a client
# that is gone, a postmaster that has died. The server stays silent all the while: that the wait ends is what is checked.
use strict;
use warnings;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => ['--no-idle-prune']);
# Reads less than its tables hold, and its flush jobs never end.
my $capped = KalamStub->new(options => [ '--no-idle-prune', '--hot-version-cap', '100', '--flush-seconds', '1000000' ]);
my $node = KalamNode->new('main', stub => $stub);
$node->create_server('capped', stub => $capped);

# ---- Peers that are no KalamDB: one whose queue of connections is full, so that no connection comes about, and one
# that takes connections and never says a word.
my $full = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!";
my @queue = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $full->sockport, Blocking => 0) } 1 .. 8;
my $silent = IO::Socket::INET->new(Listen => 200, LocalAddr => '127.0.0.1') or die "listen: $!";
for my $server ([ 'crowded', $full, '' ], [ 'silent', $silent, '' ], [ 'silent_tls', $silent, q{, tls 'true'} ])
{
	my ($name, $socket, $options) = @$server;
	$node->sql("CREATE SERVER $name FOREIGN DATA WRAPPER pg_kalam
		OPTIONS (host '127.0.0.1', port '" . $socket->sockport . "', connect_timeout '3600000'$options);
		CREATE USER MAPPING FOR PUBLIC SERVER $name;");
}

$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t VALUES (1, 'a'), (2, 'b'), (3, 'c');
	  CREATE TABLE app.spare (id int PRIMARY KEY) USING kalamdb;
	  CREATE TABLE app.other (id int PRIMARY KEY) USING kalamdb;
	  SELECT kalam_exec('capped', 'CREATE NAMESPACE app');
	  SELECT kalam_exec('capped', 'CREATE SHARED TABLE app.cold (id INT PRIMARY KEY, v INT)');
	  CREATE FOREIGN TABLE app.cold (id int, v int) SERVER capped;
	  INSERT INTO app.cold SELECT i, i FROM generate_series(1, 150) i;});

# A flush job of a table never ends here, and no other starts meanwhile: a table for each wait.
my $flushed = 0;
sub next_table
{
	my $name = 'notes' . $flushed++;
	$node->sql("SELECT kalam_exec('capped', 'CREATE USER TABLE app.$name (id INT PRIMARY KEY, v INT)');
		CREATE FOREIGN TABLE app.$name (id int, v int) SERVER capped;
		SET kalam.user_id = 'alice';
		INSERT INTO app.$name SELECT i, i FROM generate_series(1, 90) i;");
	return $name;
}
my $busy = next_table();
my $as_alice = q{SET kalam.server_version_limit = 100; SET kalam.user_id = 'alice';};
# What is written while a flush runs is not in storage: the table does not count as in sync.
$node->sql("SELECT kalam_exec('capped', 'STORAGE FLUSH TABLE app.$busy'); SET kalam.user_id = 'alice'; INSERT INTO app.$busy VALUES (91, 91)");

sub rows { return $node->sql(q{SELECT string_agg(id || v, ' ' ORDER BY id) FROM app.t}) }

# [what the backend waits for, statement, method, which call of it, SQLSTATE of the end, statements before it]. Without
# a method the silence comes from elsewhere. A write that was handed over has an unknown outcome.
my $warm = 'SELECT FROM app.t WHERE id = 1;';
my $count = 'SELECT count(*) FROM app.t';
my $two = q{UPDATE app.t SET v = v || '!' WHERE id IN (1, 2)};
my @waits = (
	[ 'a connection',                  q{SELECT kalam_ping('crowded')},       undef ],
	[ 'the first frame of HTTP/2',     q{SELECT kalam_ping('silent')},     undef ],
	[ 'the TLS handshake',             q{SELECT kalam_ping('silent_tls')}, undef ],
	[ 'OpenSession',                   $count,                             'OpenSession', 1 ],
	[ 'Ping',                          q{SELECT kalam_ping('kalam_server')}, 'Ping', 1 ],
	[ 'kalam_exec',                    q{SELECT kalam_exec('SELECT 1')},   'ExecuteQuery', 1 ],
	[ 'the catalog',                   $count,                             'ExecuteQuery', 1 ],
	[ 'what is in storage',            $count,                             'ExecuteQuery', 2 ],
	[ q{the server's clock},           $count,                             'ExecuteQuery', 3 ],
	[ 'a scan',                        $count,                             'Scan', 1 ],
	[ 'the check for unread rows',     $count,                             'ExecuteQuery', 4 ],
	[ 'the check for unread removals', $count,                             'ExecuteQuery', 5 ],
	[ 'a lookup',                      "$count WHERE id = 2",              'Scan', 1 ],
	[ 'one of many lookups',           "$count WHERE id IN (1, 2, 3, 4, 5)", 'Scan', 4 ],
	[ 'a lookup of a join', "SELECT count(*) FROM generate_series(1, 9) g JOIN app.t ON t.id = g WHERE g < 5", 'Scan', 1 ],
	[ 'FLUSH',                         'SELECT count(*) FROM app.cold',    'ExecuteSql', 1 ],
	[ 'the state of a flush job',      'SELECT count(*) FROM app.NEXT',    'ExecuteQuery', 2, '57014', $as_alice ],
	[ 'the end of a flush job',        'SELECT count(*) FROM app.NEXT',    undef, qr/FROM system\.jobs/, '57014', $as_alice ],
	[ q{the end of another's flush},   "SELECT count(*) FROM app.$busy",   undef, qr/STORAGE FLUSH/, '57014', $as_alice ],
	[ 'Insert',            q{INSERT INTO app.t VALUES (9, 'x')},       'Insert', 1, '08007', $warm ],
	[ 'Insert by COPY',    qq{COPY app.t (id, v) FROM STDIN;\n9\tx\n\\.\n},    'Insert', 1, '08007', $warm ],
	[ 'Update',            q{UPDATE app.t SET v = 'x' WHERE id = 1},   'Update', 1, '08007', $warm ],
	[ 'Delete',            q{DELETE FROM app.t WHERE id = 1},          'Delete', 1, '08007', $warm ],
	[ 'the lookup of rows that change', "BEGIN; $two; COMMIT",                        'Scan', 4, '57014', $warm ],
	[ 'BeginTransaction',               $two,                          'BeginTransaction', 1, '57014', $warm ],
	[ 'a staged Update',                $two,                          'Update', 1, '57014', $warm ],
	[ 'a staged Delete',                'DELETE FROM app.t',           'Delete', 2, '57014', $warm ],
	[ 'a staged Insert', "BEGIN; $two; INSERT INTO app.t VALUES (9, 'x'); COMMIT", 'Insert', 1, '57014', $warm ],
	[ 'CommitTransaction',              $two,                          'CommitTransaction', 1, '08007', $warm ],
	[ 'COMMIT of a block', "BEGIN; $two; COMMIT",                      'CommitTransaction', 1, '08007', $warm ],
	[ 'COMMIT in a procedure', "DO \$\$ BEGIN $two; COMMIT; END \$\$", 'CommitTransaction', 1, '08007', $warm ],
	[ 'the namespace of a new table',   'CREATE TABLE app.new1 (id int PRIMARY KEY) USING kalamdb', 'ExecuteSql', 1 ],
	[ 'the creation of a table',        'CREATE TABLE app.new2 (id int PRIMARY KEY) USING kalamdb', 'ExecuteSql', 2 ],
	[ 'ALTER TABLE',                    'ALTER TABLE app.spare ADD COLUMN v text', 'ExecuteSql', 1 ],
	[ 'DROP TABLE',                     'DROP TABLE app.other',        'ExecuteSql', 1, '08007' ]);

my @ends = (
	# The session itself: with a time-out of its own, started before the statement.
	[ 'statement_timeout', undef ],
	[ 'pg_cancel_backend', sub { my ($session, $pid) = @_; $node->sql("SELECT pg_cancel_backend($pid)") } ],
	[ 'pg_terminate_backend', sub { my ($session, $pid) = @_; $node->sql("SELECT pg_terminate_backend($pid)") } ],
	[ 'a client that is gone', sub { my ($session, $pid) = @_; $session->{harness}->kill_kill(grace => 0) } ]);

sub stubs_of { my ($statement) = @_; return $statement =~ /cold|notes|NEXT/ ? $capped : $stub }

# Waits until the server has been asked that twice.
sub wait_for_questions
{
	my ($asked, $pattern) = @_;
	ok($asked->wait_for_calls(2, sub { ($_->{sql} // '') =~ $pattern }) >= 2, 'the server is asked again');
	return;
}

# Starts the statement in a session of its own, and returns when it waits.
sub start_wait
{
	my ($wait, $settings) = @_;
	my ($name, $statement, $method, $call, $sqlstate, $before) = @$wait;
	my $silent_stub = stubs_of($statement);
	$statement =~ s/NEXT/next_table()/e;
	$silent_stub->forget_calls;
	my $session = $node->session;
	$session->send("$settings " . ($before // ''));
	my $pid = $session->pid;
	$silent_stub->fault({ method => $method, call => $call, times => 1000, black_hole => JSON::PP::true }) if $method;
	$session->send($statement =~ /^COPY/ ? $statement : "$statement;");
	if ($method) { $silent_stub->wait_for_hits(1); }
	# Something is asked for time and again; each answer comes.
	elsif ($call) { wait_for_questions($silent_stub, $call); }
	else { $node->wait_for_call($pid); }
	return ($session, $pid);
}

my $before = rows();
for my $wait (@waits)
{
	my ($name, $statement, $method, $call, $sqlstate) = @$wait;
	$sqlstate //= '57014';
	for my $end (@ends)
	{
		my ($how, $order) = @$end;
		my $settings = $how =~ /client/ ? q{SET client_connection_check_interval = '100ms';} : '';
		$settings .= q{SET statement_timeout = '1s';} if !$order;
		my ($session, $pid) = start_wait($wait, $settings);
		$order->($session, $pid) if $order;
		if ($how =~ /timeout|cancel/)
		{
			$session->wait_for(qr/ERROR/);
			stubs_of($statement)->clear_faults;
			$session->send(q{ROLLBACK; SELECT 'still here: ' || count(*) FROM app.t;});
			my ($out, $text) = $session->finish;
			my $error = KalamNode::parse_error($text);
			is($error->{sqlstate}, $sqlstate, "$name: $how ends the wait") or diag($text);
			like($out, qr/^still here: 3$/m, "$name: the session works after $how");
		}
		else
		{
			ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
				"$name: $how ends the wait");
			$session->{harness}->kill_kill;
			stubs_of($statement)->clear_faults;
		}
	}
	is(rows(), $before, "$name: no row has changed");
}

# DDL that was handed over cannot be undone while the server is silent; the sessions end their blocks in any case.
KalamNode::expect_warning($_) for qr/could not undo/, qr/there is no transaction in progress/;

# ---- A postmaster that has died: one backend for every wait
# Those that change rows have a table of their own, as they would wait for each other's rows.
sub with_own_table
{
	my ($wait, $name) = @_;
	my @own = @$wait;
	return $wait if ($own[5] // '') ne $warm;
	$node->sql("CREATE TABLE app.$name (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO app.$name SELECT id, v FROM app.t");
	s/\bapp\.t\b/app.$name/g foreach @own[ 1, 5 ];
	return \@own;
}

my @pids;
for my $wait (map { with_own_table($waits[$_], "own$_") } 0 .. $#waits)
{
	my ($session, $pid) = start_wait($wait, '');
	push @pids, [ $wait->[0], $pid, $session ];
	# Calls that were swallowed stay so.
	stubs_of($wait->[1])->clear_faults;
}
$node->kill9;
my $tries = 10 * $PostgreSQL::Test::Utils::timeout_default;
for my $waiting (@pids)
{
	my ($name, $pid, $session) = @$waiting;
	usleep(100_000) while -d "/proc/$pid" && --$tries > 0;
	ok(!-d "/proc/$pid", "$name: the backend ends when the postmaster is dead");
	$session->{harness}->kill_kill;
}
$node->start;
is(rows(), $before, 'no row has changed');

KalamNode::finish();
