# abort() in gRPC ends one session; abort() of PostgreSQL and of other extensions restarts the cluster, as ever.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $dir = PostgreSQL::Test::Utils::tempdir();

sub compile
{
	my ($name, $source, @flags) = @_;
	append_to_file("$dir/$name.c", $source);
	my @command = ('cc', '-shared', '-fPIC', '-w', '-o', "$dir/$name.so", "$dir/$name.c", @flags);
	my ($out, $err) = ('', '');
	IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err) or BAIL_OUT("@command: $err");
	return "$dir/$name.so";
}

# Ends of every kind, as another extension would cause them.
chomp(my $include = `pg_config --includedir-server`);
my $ends = compile('ends', <<'C', "-I$include", '-pthread');
#include "postgres.h"
#include "fmgr.h"
#include "miscadmin.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
PG_MODULE_MAGIC;
static void *run_abort(void *unused) { abort(); }
PG_FUNCTION_INFO_V1(end_abort);
Datum end_abort(PG_FUNCTION_ARGS) { abort(); }
PG_FUNCTION_INFO_V1(end_thread);
Datum end_thread(PG_FUNCTION_ARGS) { pthread_t thread; pthread_create(&thread, NULL, run_abort, NULL); for (;;) pause(); }
PG_FUNCTION_INFO_V1(end_masked_thread);
Datum end_masked_thread(PG_FUNCTION_ARGS)
{
	sigset_t all;
	pthread_t thread;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	pthread_create(&thread, NULL, run_abort, NULL);
	for (;;) pause();
}
PG_FUNCTION_INFO_V1(end_panic);
Datum end_panic(PG_FUNCTION_ARGS) { elog(PANIC, "panic of a test"); }
PG_FUNCTION_INFO_V1(end_assert);
Datum end_assert(PG_FUNCTION_ARGS)
{
#if PG_VERSION_NUM >= 160000
	ExceptionalCondition("false", __FILE__, __LINE__);
#else
	ExceptionalCondition("false", "FailedAssertion", __FILE__, __LINE__);
#endif
}
PG_FUNCTION_INFO_V1(end_signal);
Datum end_signal(PG_FUNCTION_ARGS) { kill(getpid(), SIGABRT); for (;;) pause(); }
C

# gRPC's door, behind which it gives up as soon as a file is there.
my $flag = "$dir/give_up";
my $door = compile('door', <<"C", '-ldl');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
int grpc_call_start_batch(void *call, void *ops, unsigned long count, void *tag, void *reserved)
{
	int (*next)(void *, void *, unsigned long, void *, void *) = dlsym(RTLD_NEXT, "grpc_call_start_batch");
	if (access("$flag", F_OK) == 0) abort();
	return next(call, ops, count, tag, reserved);
}
C

my $stub = KalamStub->new;
my $node;
{
	local $ENV{LD_PRELOAD} = join ' ', $ENV{LD_PRELOAD} // (), $door;
	$node = KalamNode->new('main', stub => $stub, conf => "restart_after_crash = on\n");
}
$node->sql(
	"CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO app.t VALUES (1, 'a');"
	. join '', map { "CREATE FUNCTION $_() RETURNS void AS '$ends' LANGUAGE C;" }
		qw(end_abort end_thread end_masked_thread end_panic end_assert end_signal));

# ---- gRPC on the main thread
my $bystander = $node->session;
my $by_pid    = $bystander->pid;
for my $statement ('SELECT * FROM app.t', "INSERT INTO app.t VALUES (2, 'b')",
	"BEGIN; INSERT INTO app.t VALUES (3, 'c'); UPDATE app.t SET v = 'x' WHERE id = 1; COMMIT")
{
	my $session = $node->session;
	my $pid     = $session->pid;
	$session->send('SELECT count(*) FROM app.t;');
	$session->wait_for(qr/^1$/m);
	append_to_file($flag, 'x');
	$session->send("$statement;");
	my ($out, $err) = eval { $session->{harness}->finish; (${ $session->{out} }, ${ $session->{err} }) };
	unlink $flag;
	$err //= ${ $session->{err} };
	like($err, qr/FATAL:  XX000: a library that connects to KalamDB has failed/, "$statement: the session ends") or diag($err);
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"), "$statement: the process of the session ends");
	is($node->sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $by_pid"), '1', "$statement: other sessions go on");
}
is($node->sql('SELECT * FROM app.t'), '1|a', 'nothing was written');
$bystander->finish;
unlike(slurp_file($node->logfile), qr/terminated by signal/, 'the cluster never restarted');

# ---- Everything else
KalamNode::expect_warning(qr/terminated by signal 6|terminating .* because of crash|PANIC:.* panic of a test|TRAP:/);
for my $end (qw(end_abort end_thread end_masked_thread end_panic end_assert end_signal))
{
	my $place = -s $node->logfile;
	$node->psql('postgres', "SELECT count(*) FROM app.t; SELECT $end()");
	ok($node->poll_query_until('postgres', 'SELECT true'), "$end: the cluster comes back");
	like(substr(slurp_file($node->logfile), $place), qr/terminated by signal 6/, "$end: the cluster was restarted, beside a connection to KalamDB");
}
is($node->sql('SELECT * FROM app.t'), '1|a', 'the restarted cluster works');

KalamNode::finish();
