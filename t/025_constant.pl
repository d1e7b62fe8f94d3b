# What a backend holds stays the same over thousands of statements, errors and cancelled calls: descriptors, threads,
# memory, and sessions at the server. Counts are compared, not times.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => ['--no-idle-prune']);
# AddressSanitizer, where a server has it, keeps up to 256 MB of what was freed: memory that nobody holds.
$ENV{ASAN_OPTIONS} .= ':quarantine_size_mb=1:thread_local_quarantine_size_kb=64' if $ENV{ASAN_OPTIONS};
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text NOT NULL) USING kalamdb;
	  INSERT INTO app.t SELECT i, 'row ' || i FROM generate_series(1, 200) i;
	  CREATE PROCEDURE work(rounds int) LANGUAGE plpgsql AS $$
	  DECLARE n bigint;
	  BEGIN
	    FOR i IN 1 .. rounds LOOP
	      SELECT count(*) INTO n FROM app.t;
	      SELECT count(*) INTO n FROM app.t WHERE id = i;
	      SELECT count(*) INTO n FROM app.t WHERE id IN (1, 2, 3, i);
	      INSERT INTO app.t VALUES (1000 + i, 'new');
	      COMMIT;
	      UPDATE app.t SET v = v || '!' WHERE id IN (1, 1000 + i);
	      COMMIT;
	      DELETE FROM app.t WHERE id = 1000 + i;
	      COMMIT;
	      UPDATE app.t SET v = 'row 1' WHERE id = 1;
	      ROLLBACK;
	      BEGIN
	        INSERT INTO app.t VALUES (i, NULL);
	      EXCEPTION WHEN not_null_violation THEN
	        NULL;
	      END;
	      BEGIN
	        PERFORM kalam_exec('SELECT nothing FROM app.nowhere');
	      EXCEPTION WHEN OTHERS THEN
	        NULL;
	      END;
	      COMMIT;
	    END LOOP;
	  END $$;});

# Open files, tasks and kilobytes of memory of a process.
sub holdings
{
	my ($pid) = @_;
	my @files = glob "/proc/$pid/fd/*";
	my @tasks = glob "/proc/$pid/task/*";
	my ($memory) = slurp_file("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/;
	return (scalar @files, scalar @tasks, $memory);
}

my $session = $node->session;
my $pid = $session->pid;
my $marks = 0;
sub run_statements
{
	my ($sql) = @_;
	my $mark = 'mark ' . ++$marks;
	$session->send("$sql\nSELECT '$mark';");
	$session->wait_for(qr/^$mark$/m);
	return;
}

sub run_faults
{
	my ($rounds) = @_;
	for my $fault ({ code => 'INTERNAL', message => 'no' }, { wrong_bytes => JSON::PP::true }, { truncate => JSON::PP::true },
		{ cut => 'before' }, { cut => 'after' }, { prune => JSON::PP::true }, { not_leader => 'none' })
	{
		for my $method (qw(Scan Insert Update BeginTransaction CommitTransaction ExecuteQuery))
		{
			$stub->fault({ method => $method, call => 1, times => $rounds, %$fault });
			run_statements(
				q{SET statement_timeout = '5s';} .
				q{SELECT count(*) FROM app.t; INSERT INTO app.t VALUES (5000, 'x'); UPDATE app.t SET v = v WHERE id IN (1, 2); DELETE FROM app.t WHERE id = 5000;}
				  x $rounds);
			$stub->clear_faults;
		}
	}
	return;
}

sub run_cancels
{
	my ($rounds) = @_;
	$stub->fault({ method => 'Scan', black_hole => JSON::PP::true });
	run_statements(q{SET statement_timeout = '20ms';} . 'SELECT count(*) FROM app.t;' x $rounds . 'RESET statement_timeout;');
	$stub->clear_faults;
	return;
}

# The first round fills caches.
for my $work (
	[ 'statements', sub { run_statements("CALL work($_[0]);") }, 60, 200 ],
	[ 'cancelled calls', \&run_cancels, 20, 60 ],
	[ 'faults', \&run_faults, 2, 3 ])
{
	my ($name, $run, $first, $then) = @$work;
	$run->($first);
	run_statements('SELECT count(*) FROM app.t;');
	my ($files, $tasks, $memory) = holdings($pid);
	for my $round (1 .. 2)
	{
		$run->($then);
		run_statements('SELECT count(*) FROM app.t;');
	}
	my ($files_after, $tasks_after, $memory_after) = holdings($pid);
	cmp_ok($files_after, '<=', $files + 1, "$name: the number of descriptors stays ($files, $files_after)");
	# gRPC's own pool of threads breathes.
	cmp_ok($tasks_after, '<=', $tasks + 3, "$name: the number of threads stays ($tasks, $tasks_after)");
	cmp_ok($memory_after, '<=', $memory + 8 * 1024, "$name: the memory in kB stays ($memory, $memory_after)");
}
is($node->sql(q{SELECT count(*) FROM pg_ls_tmpdir()}), '0', 'no temporary file is left');
run_statements(q{SELECT 'contexts ' || count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'KalamDB%' AND name <> 'KalamDB relation';});
my ($out) = $session->finish;
my ($contexts) = $out =~ /^contexts (\d+)$/m;
cmp_ok($contexts, '<=', 6, "the number of memory contexts stays ($contexts)");

KalamNode::finish();
