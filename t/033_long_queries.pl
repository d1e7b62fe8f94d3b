# A query that would take the server for ever ends when nobody waits for it any more: the statement is cancelled, the
# backend is gone, the server is told to stop. Each statement after it would wait for it otherwise.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v int) USING kalamdb;
	  INSERT INTO app.t SELECT i, i FROM generate_series(1, 5000) i;});

my $endless =
  q{SELECT kalam_exec('SELECT count(*) AS n FROM app.t a, app.t b, app.t c WHERE a.v < b.v AND b.v < c.v')};
sub count_of { return $node->sql(q{SET statement_timeout = '170s'; SELECT count(*) FROM app.t}) }
sub cancelled
{
	my ($wanted) = @_;
	return scalar $stub->wait_for_calls($wanted, sub { $_->{method} eq 'ExecuteQuery' && $_->{code} eq 'CANCELLED' });
}
sub wait_until_running
{
	my ($is_busy, $settings) = @_;
	my $session = $node->session;
	my $pid = $session->pid;
	if (!$is_busy)
	{
		# What comes before the first query of a session is over then.
		$session->send(q{SELECT kalam_exec('SELECT 1 AS warm');});
		$session->wait_for(qr/warm/);
	}
	$session->send("$settings;") if $settings;
	$session->send("$endless;");
	$node->wait_for_call($pid);
	return ($session, $pid);
}

# ---- One
# All that is before the query is over: the time is the query's.
my ($session, $pid) = wait_until_running(0, q{SET statement_timeout = '2s'});
my (undef, $said) = $session->finish;
is(KalamNode::parse_error($said)->{sqlstate}, '57014', 'a query that takes too long ends by the time-out');
is(count_of(), 5000, 'the server goes on after the time-out');
is(cancelled(1), 1, 'the server has left the query after the time-out');

($session, $pid) = wait_until_running();
$node->sql("SELECT pg_terminate_backend($pid)");
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"), 'a backend ends during its query');
is(count_of(), 5000, 'the server goes on after the end of the backend');
is(cancelled(2), 2, 'the server has left the query of the ended backend');
$session->{harness}->kill_kill;

# ---- More than the server's threads
my @running = map { [ wait_until_running(1) ] } 1 .. 6;
is(cancelled(2), 2, 'the control service answers meanwhile');
for my $one (@running)
{
	my ($waiting, $its_pid) = @$one;
	$node->sql("SELECT pg_cancel_backend($its_pid)");
	$waiting->wait_for(qr/ERROR/);
	my ($out, $err) = $waiting->finish;
	is(KalamNode::parse_error($err)->{sqlstate}, '57014', 'one of six queries is cancelled');
}
is(count_of(), 5000, 'the server goes on after the cancellation');

# ---- The server stops
($session) = wait_until_running();
my $process = $stub->{process};
$process->signal('TERM');
my $tries = 20 * $PostgreSQL::Test::Utils::timeout_default;
usleep(50_000) while $process->pumpable && --$tries > 0;
$process->finish if $tries > 0;
is($tries > 0 ? $process->full_result(0) : 'running', 0, 'the server ends in good order');
$stub->forget;
my ($out, $err) = $session->finish;
like(KalamNode::parse_error($err)->{sqlstate}, qr/^08/, 'the client of the ended server is told');

KalamNode::finish();
