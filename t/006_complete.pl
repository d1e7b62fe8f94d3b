# A server that reads only the oldest unflushed versions of a table: results are complete, or the statement fails.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--hot-version-cap', '100', '--flush-seconds', '1' ]);
my $node = KalamNode->new('main', stub => $stub);
$node->sql('CREATE SCHEMA app');

sub flushes
{
	return scalar $stub->calls('ExecuteSql');
}

# A table of its own for each case: rows 1 to n with their number as value.
sub table
{
	my ($name, $rows) = @_;
	$node->create_numbers($name, $rows);
	$stub->forget_calls;
	return;
}

# ---- Few versions: nothing to do
table('small', 50);
is($node->sql('SELECT count(*), sum(v) FROM app.small'), '50|1275', 'a small table is read completely');
$node->sql('DELETE FROM app.small WHERE id > 45');
is($node->sql('SELECT count(*), sum(v) FROM app.small'), '45|1035', 'deleting its last rows leaves a complete table');
$node->sql('DELETE FROM app.small');
is($node->sql('SELECT count(*) FROM app.small'), '0', 'deleting all its rows leaves an empty table');
is(flushes(), 0, 'reading a small table flushes nothing');

# ---- Missing rows
table('missing', 250);
my $error = $node->error('SET kalam.auto_flush = off; SELECT count(*) FROM app.missing');
is($error->{sqlstate}, '55000', 'missing rows are an error without auto_flush');
is($error->{message}, 'cannot read all rows of KalamDB table "app.missing"', 'the message names the table');
like($error->{hint}, qr/kalam_flush\('app\.missing'\)/, 'the hint names the flush to run');
is($node->sql('SET kalam.auto_flush = off; SELECT v FROM app.missing WHERE id = 240'), '240', 'a lookup of a key works without a flush');
is($node->sql('SET kalam.auto_flush = off; SELECT sum(v) FROM app.missing WHERE id IN (1, 240)'), '241', 'a lookup of two keys works without a flush');
is(flushes(), 0, 'the errors flushed nothing');
my ($code, $out, $notice) = $node->psql('postgres', 'SELECT count(*), sum(v) FROM app.missing');
is($out, '250|31375', 'missing rows are flushed and read again');
like($notice, qr/NOTICE: +flushing KalamDB table "app\.missing"/, 'a NOTICE names the flushed table');
is(flushes(), 1, 'one flush was enough');
is($node->sql('SELECT count(*) FROM app.missing'), '250', 'the flushed table is read completely');
is(flushes(), 1, 'reading the flushed table needs no other flush');

# ---- Old values
table('stale', 60);
# The second update flushes what the first has left.
$node->sql('UPDATE app.stale SET v = v + 1000') for 1 .. 3;
is($node->error('SET kalam.auto_flush = off; SELECT sum(v) FROM app.stale')->{sqlstate}, '55000', 'old values are an error without auto_flush');
is($node->sql('SELECT count(*), sum(v) FROM app.stale'), '60|181830', 'old values are flushed and read again');

# ---- Deleted rows that come back
table('deleted', 80);
$node->sql('DELETE FROM app.deleted WHERE id <= 50');
is($node->error('SET kalam.auto_flush = off; SELECT count(*) FROM app.deleted')->{sqlstate},
	'55000', 'deleted rows that come back are an error without auto_flush');
is($node->sql('SELECT count(*), min(id) FROM app.deleted'), '30|51', 'deleted rows that come back are flushed and read again');

# ---- Nothing but deleted rows among the versions that are read
table('hidden', 50);
$node->sql('DELETE FROM app.hidden');
$node->sql('INSERT INTO app.hidden VALUES (1000, 1)');
is($node->sql('SELECT id FROM app.hidden'), '1000', 'a row behind the limit is read');

# ---- Nothing but deletions among the versions behind the answer, of other rows than those that it has
table('replaced', 150);
$node->sql(q{SELECT kalam_flush('app.replaced'); DELETE FROM app.replaced; INSERT INTO app.replaced SELECT i, 0 FROM generate_series(1, 150) i});
is($node->error('SET kalam.auto_flush = off; SELECT count(*) FROM app.replaced')->{sqlstate},
	'55000', 'replaced rows are an error without auto_flush');
is($node->sql('SELECT count(*), sum(v) FROM app.replaced'), '150|0', 'replaced rows are flushed and read again');

# ---- So many of them that rows are counted, and as many rows behind them as are read in vain
my $roomy = KalamStub->new(options => [ '--hot-version-cap', '1200' ]);
$node->create_server('roomy', stub => $roomy);
$node->sql(
	q{SELECT kalam_exec('roomy', 'CREATE NAMESPACE app');
	  SELECT kalam_exec('roomy', 'CREATE SHARED TABLE app.counted (id INT PRIMARY KEY, v INT)');
	  CREATE FOREIGN TABLE app.counted (id int NOT NULL, v int) SERVER roomy;
	  INSERT INTO app.counted SELECT i, i FROM generate_series(1, 2400) i;
	  SELECT kalam_flush('app.counted');
	  DELETE FROM app.counted;
	  INSERT INTO app.counted SELECT i, 0 FROM generate_series(1, 1200) i});
is($node->sql('SELECT count(*), sum(v), max(id) FROM app.counted'), '1200|0|1200', 'as many rows as before, with other values, are read completely');
$node->sql(q{SELECT kalam_flush('app.counted'); DELETE FROM app.counted WHERE id > 1});
$roomy->forget_calls;
is($node->sql('SELECT count(*), sum(v), max(id) FROM app.counted'), '1|0|1', 'a table of which most rows are deleted is read completely');
is(scalar $roomy->calls('ExecuteSql'), 0, 'reading after the deletion flushes nothing');

# ---- A change by key list and by scan agree
is($node->sql('UPDATE app.stale SET v = 0 WHERE v > 2000 RETURNING 1') =~ tr/1//, 60, 'an UPDATE finds every row');

# ---- A number of rows that the server does not tell
$node->sql('CREATE TABLE app.empty (id int PRIMARY KEY, v int) USING kalamdb');
$stub->fault({ method => 'ExecuteQuery', match => 'count(*)', code => 'INTERNAL', message => 'out of memory' });
like($node->error('SELECT count(*) FROM app.empty')->{text}, qr/out of memory/, 'an answer without rows is not believed without the number of rows');
$stub->clear_faults;

# ---- A flush that fails, or never ends
table('failing', 150);
$stub->fault({ method => 'ExecuteSql', code => 'INTERNAL', message => 'no space left' });
like($node->error('SELECT count(*) FROM app.failing')->{text}, qr/no space left/, 'a flush that fails is an error');
$stub->clear_faults;
my ($left) = $node->timed_out($stub, [{ method => 'ExecuteSql', black_hole => JSON::PP::true }],
	'SELECT count(*) FROM app.failing;');
is($left->{sqlstate}, '57014', 'a flush that does not answer ends by statement_timeout');
$stub->clear_faults;
is($node->sql('SELECT count(*) FROM app.failing'), '150', 'the next flush succeeds');

# ---- A steady writer
table('busy', 90);
ok($node->rows_rise('app.busy', 90), 'rows do not vanish while another session writes');
is($node->sql('SELECT count(*) FROM app.busy'), '240', 'all rows are there at the end');

# ---- A commit between the scan and the answer about the server's clock: read again, not flushed
table('raced', 50);
my ($reader, $committer) = ($node->session, $node->session);
$_->send(q{SELECT 'rows=' || count(*) FROM app.raced;}) for $reader, $committer;
$_->wait_for(qr/rows=50/) for $reader, $committer;
$stub->forget_calls;
# The next scan's questions, about the clock and about later versions, are answered after the other session's commit.
$stub->fault({ method => 'ExecuteQuery', match => $_, call => 1, delay_ms => 3000 })
  for 'SNOWFLAKE_ID', 'ORDER BY _seq LIMIT 1', '_deleted = true';
$reader->send(q{SELECT 'again=' || count(*) FROM app.raced;});
$stub->wait_for_hits(3);
$committer->send(q{INSERT INTO app.raced VALUES (51, 51); SELECT 'committed';});
$committer->wait_for(qr/committed/);
$reader->wait_for(qr/again=\d+/);
is(($reader->finish)[0], "rows=50\nagain=51\n", 'a commit while the scan runs is seen');
$committer->finish;
is(flushes(), 0, 'nothing was flushed');
is(scalar $stub->calls('Scan'), 2, 'the table was read again');

# ---- User and stream tables: a result of half the limit is not trusted
$node->sql(
	q{SET kalam.user_id = 'alice';
	  CREATE TABLE app.notes (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  CREATE TABLE app.events (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);
	  INSERT INTO app.notes SELECT i, i FROM generate_series(1, 180) i;
	  INSERT INTO app.events SELECT i, i FROM generate_series(1, 60) i});
$stub->forget_calls;
my $as_alice = q{SET kalam.user_id = 'alice'; SET kalam.server_version_limit = 100;};
is($node->error("$as_alice SET kalam.auto_flush = off; SELECT count(*) FROM app.notes")->{sqlstate},
	'55000', 'missing rows of a user table are an error without auto_flush');
is($node->sql("$as_alice SELECT count(*) FROM app.notes"), '180', 'missing rows of a user table are flushed and read again');
is(flushes(), 1, 'the user table is flushed once');
$stub->forget_calls;
is( $node->sql("$as_alice INSERT INTO app.notes SELECT i, i FROM generate_series(181, 240) i; SELECT count(*) FROM app.notes;
		SELECT count(*) FROM app.notes; INSERT INTO app.notes SELECT i, i FROM generate_series(241, 280) i;
		SELECT count(*) FROM app.notes;"), "240\n240\n280",
	'what a session has flushed of a user table is not flushed again for every query');
is(flushes(), 1, 'several queries need one flush of the user table');
$node->sql(
	q{SET kalam.user_id = 'alice'; CREATE TABLE app.others (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  INSERT INTO app.others SELECT i, i FROM generate_series(1, 180) i;
	  CREATE FOREIGN TABLE app.pointer (id int NOT NULL, v int) SERVER kalam_server OPTIONS ("table" 'notes')});
$node->sql("$as_alice INSERT INTO app.notes SELECT i, i FROM generate_series(281, 350) i");
is( $node->sql("$as_alice SELECT count(*) FROM app.pointer; ALTER FOREIGN TABLE app.pointer OPTIONS (SET table 'others');
		SELECT count(*) FROM app.pointer;"), "350\n180", 'the flush of one table is not taken for that of another');
is($node->error("$as_alice SELECT count(*) FROM app.events")->{sqlstate}, '54000', 'missing rows of a stream table are an error');
is($node->sql("$as_alice SELECT v FROM app.events WHERE id = 60"), '60', 'a key of a stream table is looked up');

KalamNode::finish();
