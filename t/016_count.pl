# A bare count(*) of a shared table is the server's where its answer can be checked, else that of a scan.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--hot-version-cap', '100', '--count-version-cap', '300' ]);
my $node = KalamNode->new('main', stub => $stub);
$node->sql('CREATE SCHEMA app');

my $by_server = 'Count by the server, if it can be checked';

sub table
{
	my ($name, $rows, $flushed) = @_;
	$node->create_numbers($name, $rows);
	$stub->control('flush', "app.$name $flushed") if $flushed;
	return;
}

# What a statement of a session answers, as one line, or the word ERROR.
my $statements = 0;
sub answer
{
	my ($session, $sql) = @_;
	my $end = 'end of ' . ++$statements;
	my $begin = length ${ $session->{out} };
	$session->send("$sql;\n\\echo $end");
	$session->wait_for(qr/$end\n/);
	my $out = substr ${ $session->{out} }, $begin;
	$out =~ s/\n*$end\n.*//s;
	return $out eq '' ? 'ERROR' : $out;
}

# A session whose planner knows that the table is in sync.
sub informed_session
{
	my ($name) = @_;
	my $session = $node->session;
	for (1 .. 100)
	{
		return $session if answer($session, "EXPLAIN (COSTS OFF) SELECT count(*) FROM app.$name") =~ /$by_server/;
	}
	fail("a session learns that app.$name is in sync");
	return $session;
}

sub calls
{
	my %calls;
	for ($stub->calls)
	{
		next if $_->{method} !~ /^(?:Scan|ExecuteQuery)$/;
		my $call = $_->{method} eq 'Scan' ? 'Scan' : $_->{sql} =~ /^SELECT count\(\*\) FROM app/ ? 'count' : next;
		$calls{$call}++;
	}
	$stub->forget_calls;
	return join ' ', map { "$_ $calls{$_}" } sort keys %calls;
}

# ---- A table without unflushed versions
table('cold', 250, 250);
my $session = informed_session('cold');
is( answer($session, 'EXPLAIN (COSTS OFF) SELECT count(*) FROM app.cold'),
	"Foreign Scan\n  Remote Table: app.cold\n  Access: $by_server\n  ->  Aggregate\n        ->  Foreign Scan on cold\n"
	  . "              Remote Table: app.cold\n              Access: Scan",
	'EXPLAIN says that the server counts, and what does if it may not');
$stub->forget_calls;
is(answer($session, 'SELECT count(*) FROM app.cold'), '250', 'the rows of a flushed table are counted');
is(calls(), 'count 1', 'by the server');
my $analyzed = answer($session, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM app.cold');
like($analyzed, qr/Access: Count by the server$/m, 'EXPLAIN ANALYZE says that the server has counted');
like($analyzed, qr/Aggregate \(never executed\)/, 'and that nothing was read');

$node->sql('CREATE VIEW app.seen AS SELECT id, v FROM app.cold; CREATE TABLE app.heap (n bigint)');
$stub->forget_calls;
my @counted = (
	[ 'SELECT count(*) FROM app.seen',                                        '250' ],
	[ 'SELECT count(*) + 1, count(*), 2 FROM app.cold',                       '251|250|2' ],
	[ 'SELECT n FROM (SELECT count(*) AS n FROM app.cold OFFSET 0) s WHERE n > 1', '250' ],
	[ 'SELECT i, (SELECT count(*) FROM app.cold) FROM generate_series(1, 2) i', "1|250\n2|250" ],
	[ 'SELECT count(*) FROM app.cold UNION ALL SELECT count(*) FROM app.cold', "250\n250" ],
	[ 'SELECT count(*) FROM app.cold LIMIT 1',                                '250' ],
	[ 'WITH c AS (SELECT count(*) AS n FROM app.cold) INSERT INTO app.heap SELECT n FROM c RETURNING n', '250' ]);
for (@counted)
{
	my ($sql, $rows) = @$_;
	is(answer($session, $sql), $rows, $sql);
	like(calls(), qr/^count \d$/, 'the server counts') or diag(answer($session, "EXPLAIN (COSTS OFF) $sql"));
}

# ---- Counts that are not bare
for my $sql (
	'SELECT count(*) FROM app.cold WHERE v > 0',
	'SELECT count(v) FROM app.cold',
	'SELECT count(DISTINCT v) FROM app.cold',
	'SELECT count(*) FILTER (WHERE v > 0) FROM app.cold',
	'SELECT count(*) FROM app.cold HAVING count(*) > 0',
	'SELECT count(*), sum(v) FROM app.cold',
	'SELECT count(*) FROM app.cold GROUP BY v',
	'SELECT count(*) FROM app.cold, generate_series(1, 2)',
	'SELECT count(*) OVER () FROM app.cold LIMIT 1',
	'SELECT count(*) FROM app.cold TABLESAMPLE SYSTEM (100)')
{
	unlike(answer($session, "EXPLAIN (COSTS OFF) $sql"), qr/by the server/, $sql);
}
is(answer($session, 'SELECT count(*) FROM app.cold WHERE false'), '0', 'no rows are counted where none can be');

# ---- What the transaction has written
is(answer($session, 'BEGIN; INSERT INTO app.cold VALUES (1000, 1); SELECT count(*) FROM app.cold'),
	'251', q{a transaction's own row is counted});
is(calls(), 'Scan 2', 'by a scan, beside the lookup of the inserted key');
is(answer($session, 'ROLLBACK; SELECT count(*) FROM app.cold'), '250', 'not when it is undone');
is(calls(), 'count 1', 'then the server counts again');

# ---- Plans that are kept while the table changes
answer($session, "SET plan_cache_mode = force_generic_plan; PREPARE n AS SELECT count(*) FROM app.cold; SELECT 1");
is(answer($session, 'EXECUTE n'), '250', 'a prepared statement counts');
$node->sql('INSERT INTO app.cold VALUES (251, 5)');
is(answer($session, 'EXECUTE n'), '251', 'a row that another session has inserted since is counted');
like(answer($session, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE n'),
	qr/Access: Scan instead of a count by the server$/m, 'by a scan, as EXPLAIN ANALYZE says');
$node->sql('INSERT INTO app.cold SELECT i, 0 FROM generate_series(252, 400) i');
is(answer($session, 'SET kalam.auto_flush = off; EXECUTE n'), 'ERROR', 'a scan that is cut off is refused');
$node->sql(q{SELECT kalam_flush('app.cold'); DELETE FROM app.cold; SELECT kalam_flush('app.cold')});
is(answer($session, 'EXECUTE n'), '0', 'a table without rows is counted');
$session->finish;

# ---- Few rows, and more versions than the server counts
table('few', 20, 20);
$session = informed_session('few');
answer($session, 'PREPARE n AS SELECT count(*) FROM app.few; SELECT 1');
is(answer($session, 'EXECUTE n'), '20', 'few rows are counted');
$node->sql(
	'DO $$ BEGIN FOR i IN 0..319 LOOP UPDATE app.few SET v = v + 1 WHERE id = 1 + i % 20; COMMIT; END LOOP; END $$');
$node->sql('INSERT INTO app.few VALUES (21, 21)');
is($node->sql("SELECT kalam_exec('SELECT count(*) AS n FROM app.few')"), '[{"n":20}]', q{the server's count misses a row});
is(answer($session, 'SET kalam.auto_flush = off; EXECUTE n'), 'ERROR', 'which is not passed on');
is(answer($session, 'SET kalam.auto_flush = on; EXECUTE n'), '21', 'the table is flushed and counted');
$session->finish;

# ---- A manifest that says "in sync" though there are unflushed versions
table('lying', 50, 50);
$session = informed_session('lying');
$stub->control('manifest', 'app.lying {"sync_state": "in_sync"}');
$node->sql(q{INSERT INTO app.lying SELECT i, i FROM generate_series(51, 450) i});
is(answer($session, 'SET kalam.auto_flush = off; SELECT count(*) FROM app.lying'), 'ERROR',
	'a count is not believed while rows are newer than the files');
$stub->control('manifest');
$session->finish;

# ---- A flush that ends while the server counts
table('flushing', 50, 50);
$session = informed_session('flushing');
$node->sql(q{INSERT INTO app.flushing SELECT i, i FROM generate_series(51, 450) i});
$stub->forget_calls;
$stub->fault({ method => 'ExecuteQuery', match => 'system.manifest', call => 1, delay_ms => 3000 });
$session->send("SELECT 'count=' || count(*) FROM app.flushing;\n\\echo end");
$stub->wait_for_hits(1);
$node->sql(q{SELECT kalam_flush('app.flushing')});
$session->wait_for(qr/^end/m);
like(($session->finish)[0], qr/count=450\nend/, 'a flush that ends while the server counts does not make a part pass');
$stub->clear_faults;

# ---- Rights
table('guarded', 30, 30);
$node->sql(
	q{CREATE ROLE reader LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE column_reader LOGIN;
	  GRANT USAGE ON SCHEMA app TO reader, stranger, column_reader;
	  CREATE VIEW app.window AS SELECT id FROM app.guarded; GRANT SELECT ON app.window TO reader;
	  GRANT SELECT (v) ON app.guarded TO column_reader;});
$session = informed_session('guarded');
is(answer($session, 'SET ROLE column_reader; SELECT count(*) FROM app.guarded'), '30', 'a right to one column is enough');
is(answer($session, 'RESET ROLE; SET ROLE reader; SELECT count(*) FROM app.window'), '30', 'and one to a view');
is(answer($session, 'SELECT count(*) FROM app.guarded'), 'ERROR', 'not to its table');
is($node->error('SET ROLE stranger; SELECT count(*) FROM app.guarded')->{sqlstate}, '42501', 'without a right it is refused');
$stub->forget_calls;
is(answer($session, 'RESET ROLE; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM app.guarded; ROLLBACK'),
	'30', 'a transaction that reads a snapshot counts');
is(scalar(grep { ($_->{sql} // '') =~ /count/ } $stub->calls('ExecuteQuery')), 0, 'without the server, which would count what is stored now');
$session->finish;

# ---- User tables are counted by scans
$node->sql(
	q{CREATE TABLE app.notes (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  SET kalam.user_id = 'alice'; INSERT INTO app.notes VALUES (1, 1); SELECT kalam_flush('app.notes')});
unlike($node->sql(q{SET kalam.user_id = 'alice'; EXPLAIN (COSTS OFF) SELECT count(*) FROM app.notes}),
	qr/by the server/, q{the server would count as another user});

KalamNode::finish();
