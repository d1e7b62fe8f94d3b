# The ways to load the library, and what happens without it.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $create = 'CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb';

sub threads
{
	my ($pid) = @_;
	my @tasks = glob "/proc/$pid/task/*";
	return scalar @tasks;
}

sub postmaster_pid
{
	my ($node) = @_;
	my ($pid) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	return $pid;
}

# ---- Not loaded: the access method says so
my $node = KalamNode->new('bare', stub => $stub, conf => "session_preload_libraries = ''\n");
my $error = $node->error($create);
is($error->{sqlstate}, '55000', 'without the library the access method cannot be used');
like($error->{hint}, qr/session_preload_libraries/, 'the hint names the setting');
is($node->sql("LOAD 'pg_kalam'; $create; INSERT INTO app.t VALUES (1, 'one'); SELECT v FROM app.t"), 'one', 'the access method can be used after LOAD');
is($node->sql('SELECT v FROM app.t'), 'one', 'reading needs no preloading');
$node->sql("LOAD 'pg_kalam'; DROP SCHEMA app CASCADE");

# ---- Loaded into the postmaster, beside others where PostgreSQL has them: gRPC starts in backends only
chomp(my $modules = `pg_config --pkglibdir`);
my ($counts, $explains) = map { -e "$modules/$_.so" } qw(pg_stat_statements auto_explain);
my $libraries = join ', ', $counts ? 'pg_stat_statements' : (), 'pg_kalam', $explains ? 'auto_explain' : ();
my $shared = KalamNode->new('shared', stub => $stub, conf =>
	  "session_preload_libraries = ''\nshared_preload_libraries = '$libraries'\nauto_explain.log_min_duration = 0\n");
my $postmaster = postmaster_pid($shared);
is(threads($postmaster), 1, 'the postmaster has one thread');
is($shared->sql("$create; INSERT INTO app.t VALUES (1, 'one'); SELECT v FROM app.t"), 'one', 'backends use KalamDB although the postmaster preloads the library');
SKIP:
{
	skip 'pg_stat_statements is not installed', 1 if !$counts;
	is($shared->sql(q{CREATE EXTENSION pg_stat_statements;
		SELECT v FROM app.t;
		SELECT calls > 0 FROM pg_stat_statements WHERE query LIKE 'SELECT v FROM app.t%'}), "one\nt", 'pg_stat_statements counts the statement');
}
is(threads($postmaster), 1, 'the postmaster still has one thread');
my $session = $shared->session;
my $pid = $session->pid;
is(threads($pid), 1, 'a backend that has not used KalamDB has one thread');
$session->send(q{SELECT 'read ' || v FROM app.t;});
$session->wait_for(qr/read one/);
cmp_ok(threads($pid), '>', 1, 'a backend that has used KalamDB has several threads');
$session->finish;
ok($shared->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"), 'the backend ends');

# ---- A dead postmaster takes its backends with it, also while they wait
SKIP:
{
	skip 'no server can be told to be silent', 2 if $stub->is_server;
	$stub->fault({ method => 'Scan', black_hole => JSON::PP::true });
	$session = $shared->session;
	$pid = $session->pid;
	$session->send('SELECT * FROM app.t;');
	$shared->poll_query_until('postgres', "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
	$shared->kill9;
	my $tries = 10 * $PostgreSQL::Test::Utils::timeout_default;
	Time::HiRes::usleep(100_000) while -d "/proc/$pid" && --$tries > 0;
	ok(!-d "/proc/$pid", 'a waiting backend ends when the postmaster has died');
	$session->{harness}->kill_kill;
	$stub->clear_faults;
	$shared->start;
	is($shared->sql('SELECT v FROM app.t'), 'one', 'the cluster starts again');
}

KalamNode::finish();
