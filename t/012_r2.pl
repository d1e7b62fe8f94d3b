# KalamDB 0.7 (protocol R2), whose versions count commits and do not tell the time: what 001_basic.pl and 006_complete.pl
# show of 0.4.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--mode', 'r2', '--hot-version-cap', '100', '--flush-seconds', '1' ]);
my $node = KalamNode->new('main', stub => $stub);
$node->sql('CREATE SCHEMA app');

sub flushes { return scalar(my @calls = $stub->calls('ExecuteSql')) }
sub scans   { return scalar(my @calls = $stub->calls('Scan')) }

# A table of its own for each case: rows 1 to n with their number as value.
sub table
{
	my ($name, $rows) = @_;
	$node->create_numbers($name, $rows);
	$stub->forget_calls;
	return;
}

# ---- Few versions: nothing to do
table('small', 40);
$node->sql('ALTER TABLE app.small ADD COLUMN _seq bigint');
is($node->sql('SELECT count(*), sum(v), count(_seq) FROM app.small'), '40|820|40', 'a small table is read with its versions');
is($node->sql('UPDATE app.small SET v = -v WHERE id = 7 RETURNING v'), '-7', 'UPDATE changes its rows');
is($node->sql('DELETE FROM app.small WHERE id > 35; SELECT count(*), sum(v) FROM app.small'), '35|616', 'DELETE removes one row');
$stub->forget_calls;
is($node->sql('SELECT count(*) FROM app.small'), '35', 'deleting its last rows leaves a complete table');
is(scans(), 1, 'one scan reads it');
$node->sql('DELETE FROM app.small');
is($node->sql('SELECT count(*) FROM app.small'), '0', 'deleting all its rows leaves an empty table');
is(flushes(), 0, 'reading a small table flushes nothing');

# ---- Missing rows
table('missing', 250);
my $error = $node->error('SET kalam.auto_flush = off; SELECT count(*) FROM app.missing');
is($error->{sqlstate}, '55000', 'missing rows are an error without auto_flush');
is($node->sql('SET kalam.auto_flush = off; SELECT v FROM app.missing WHERE id = 240'), '240', 'a lookup of a key works without a flush');
is(flushes(), 0, 'the errors flushed nothing');
is($node->sql('SELECT count(*), sum(v) FROM app.missing'), '250|31375', 'missing rows are flushed and read again');
is(flushes(), 1, 'one flush was enough');
is($node->sql('SELECT count(*) FROM app.missing'), '250', 'the flushed table is read completely');
is(flushes(), 1, 'reading the flushed table needs no other flush');

# ---- A flush moves the limit between two scans, but not far enough: versions that neither a scan nor one question reads
table('deep', 550);
my $deep = $node->session;
$deep->send(q{SELECT 'rows=' || count(*) FROM app.small;});
$deep->wait_for(qr/rows=/);
$stub->forget_calls;
$stub->fault({ method => 'Scan', call => 2, delay_ms => 2000 });
$deep->send(q{SELECT 'deep=' || count(*) FROM app.deep;});
$stub->wait_for_hits(1);
like($stub->control('flush', 'app.deep 250'), qr/^250$/, 'a part of the versions is flushed');
$deep->wait_for(qr/deep=\d+/);
like(($deep->finish)[0], qr/^deep=550$/m, 'what was there before the scan is read');
$stub->clear_faults;

# ---- Old values, and deleted rows that come back
table('stale', 60);
$node->sql('UPDATE app.stale SET v = v + 1000') for 1 .. 3;
is($node->error('SET kalam.auto_flush = off; SELECT sum(v) FROM app.stale')->{sqlstate}, '55000', 'old values are an error without auto_flush');
is($node->sql('SELECT count(*), sum(v) FROM app.stale'), '60|181830', 'old values are flushed and read again');
table('deleted', 80);
$node->sql('DELETE FROM app.deleted WHERE id <= 50');
is($node->error('SET kalam.auto_flush = off; SELECT count(*) FROM app.deleted')->{sqlstate},
	'55000', 'deleted rows that come back are an error without auto_flush');
is($node->sql('SELECT count(*), min(id) FROM app.deleted'), '30|51', 'deleted rows that come back are flushed and read again');
table('replaced', 150);
$node->sql(q{SELECT kalam_flush('app.replaced'); DELETE FROM app.replaced; INSERT INTO app.replaced SELECT i, 0 FROM generate_series(1, 150) i});
is($node->sql('SELECT count(*), sum(v) FROM app.replaced'), '150|0', 'replaced rows are flushed and read again');

# ---- A steady writer
table('busy', 90);
ok($node->rows_rise('app.busy', 90), 'rows do not vanish while another session writes');
is($node->sql('SELECT count(*) FROM app.busy'), '240', 'all rows are there at the end');

# ---- A commit between the scan and the questions: read again, not flushed
table('raced', 50);
for my $case ([ 'a new row', 'INSERT INTO app.raced VALUES (51, 51)', 51 ],
	[ 'a deleted row', 'DELETE FROM app.raced WHERE id = 7', 50 ])
{
	my ($name, $change, $left) = @$case;
	my ($reader, $committer) = ($node->session, $node->session);
	$_->send(q{SELECT 'rows=' || count(*) FROM app.raced;}) for $reader, $committer;
	$_->wait_for(qr/rows=\d+/) for $reader, $committer;
	$stub->forget_calls;
	$stub->fault({ method => 'ExecuteQuery', call => 1, times => 2, delay_ms => 3000 });
	$reader->send(q{SELECT 'again=' || count(*) FROM app.raced;});
	$stub->wait_for_hits(2);
	$committer->send("$change; SELECT 'committed';");
	$committer->wait_for(qr/committed/);
	$reader->wait_for(qr/again=\d+/);
	like(($reader->finish)[0], qr/^again=$left$/m, "$name that is committed while the scan runs is seen");
	$committer->finish;
	$stub->clear_faults;
	is(flushes(), 0, 'nothing was flushed');
}

# ---- A user's rows: what a session has flushed does not count again
my $as_alice = q{SET kalam.user_id = 'alice'; SET kalam.server_version_limit = 100;};
$node->sql(
	q{SET kalam.user_id = 'alice';
	  CREATE TABLE app.notes (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  INSERT INTO app.notes SELECT i, i FROM generate_series(1, 90) i;});
$stub->forget_calls;
is($node->sql("$as_alice SELECT count(*) FROM app.notes; SELECT count(*) FROM app.notes"), "90\n90", 'missing rows of a user table are flushed and read again');
is(flushes(), 1, 'the user table is flushed once');

# ---- Options of CREATE TABLE that 0.7 adds
for my $case ([ 'zipped', q{type = 'shared', compression = 'ZSTD'}, 'compression', 'zstd' ],
	[ 'kept', q{type = 'user', use_user_storage, compression = none}, 'use_user_storage', 'true' ],
	[ 'small_stream', q{type = 'stream', ttl_seconds = 60, eviction_strategy = 'hybrid', max_stream_size_bytes = 5000000000},
		'max_stream_size_bytes', '5000000000' ],
	[ 'hybrid', q{type = 'stream', ttl_seconds = 60, eviction_strategy = 'hybrid'}, 'eviction_strategy', 'hybrid' ])
{
	my ($name, $with, $option, $value) = @$case;
	$node->sql("CREATE TABLE app.$name (id int PRIMARY KEY) USING kalamdb WITH ($with)");
	like($node->sql(qq{SELECT kalam_exec('SELECT options FROM system.tables WHERE table_name = ''$name'' LIMIT 1')}),
		qr/\\"$option\\":(\\")?$value\b/, "WITH ($with)");
}
is($node->error(q{CREATE TABLE app.no (id int PRIMARY KEY) USING kalamdb WITH (eviction_strategy = 'hybrid')})->{sqlstate},
	'42601', 'an option of stream tables is refused for a shared table');

# ---- A column of a type that is not known, as 0.7's composite types are, which come as JSON: to be read, or left out
$node->sql(
	q{SELECT kalam_exec('CREATE TABLE app.odd (id INT PRIMARY KEY, place JSON, v INT)');
	  SELECT kalam_exec('INSERT INTO app.odd (id, place, v) VALUES (1, ''{"x":1,"y":null}'', 10)'); CREATE SCHEMA imported;});
$stub->fault({ method => 'ExecuteQuery', match => 'system.columns', times => 100, spoil => 'JSON' });
my (undef, $out, $notes) = $node->psql('postgres', q{\set VERBOSITY verbose
	IMPORT FOREIGN SCHEMA app LIMIT TO (odd) FROM SERVER kalam_server INTO imported;
	INSERT INTO imported.odd VALUES (2, 20);
	UPDATE imported.odd SET v = v + 1 WHERE id = 1;
	SELECT * FROM imported.odd ORDER BY id;
	CREATE FOREIGN TABLE app.odd (id int, place int, v int) SERVER kalam_server;
	CREATE FOREIGN TABLE app.odd (id int, place text, v int) SERVER kalam_server;
	CREATE FOREIGN TABLE app.odd_json (id int, place jsonb) SERVER kalam_server OPTIONS ("table" 'odd');
	SELECT place FROM app.odd WHERE v = 11;
	SELECT place ->> 'x' FROM app.odd_json WHERE place IS NOT NULL;
	INSERT INTO app.odd VALUES (3, NULL, 30);
	UPDATE app.odd SET v = 0;
	DELETE FROM app.odd_json;}, on_error_stop => 0);
like($notes, qr/NOTICE: .* column "place" of KalamDB table "odd" on server "kalam_server" is left out\nDETAIL:  Its type \?+ is/,
	'the column is left out, and a WARNING names it');
like($notes, qr/ERROR:  42804: .*\nDETAIL:  Column "place" is of type integer here, and of type \?+ in KalamDB/,
	'a NOTICE says that the column is read as text or JSON only');
is($out, qq(1|11\n2|20\n{"x":1,"y":null}\n1), 'the column is read as text, and the table is written without it');
is(join(' ', $notes =~ /ERROR:  (\w+): [^\n]* cannot store\nHINT:  Use a foreign table without the column/g), '42804 42804 42804',
	'a table with that column cannot be written') or diag($notes);
$stub->clear_faults;
is($node->sql(q{SELECT kalam_exec('SELECT id, v FROM app.odd ORDER BY id LIMIT 9')}), '[{"id":1,"v":11},{"id":2,"v":20}]',
	'nothing else was changed');

# ---- A server that does not answer such questions
KalamNode::expect_warning(qr/cannot tell whether KalamDB server "\w+" sends all rows of a table/);
$node->create_server('second', stub => $stub);
$node->sql(
	q{INSERT INTO app.small VALUES (1, 1); CREATE TABLE app.empty (id int PRIMARY KEY, v int) USING kalamdb;
	  CREATE FOREIGN TABLE app.small2 (id int, v int) SERVER second OPTIONS ("table" 'small')});
my $session = $node->session;
$session->send(q{SELECT 'rows=' || count(*) FROM app.small; SELECT 'others=' || count(*) FROM app.small2;});
$session->wait_for(qr/others=1/);
$stub->fault({ method => 'ExecuteQuery', match => $_, code => 'INTERNAL',
	message => 'Invalid operation: Schema error: No field named _version. Valid fields are app.small.id, app.small.v.' })
  for '_version >', 'count(*)';
$session->send("SELECT 'unjudged=' || count(*) FROM app.$_;") for 'small', 'small', 'empty', 'small2', 'small2';
($out, my $text) = $session->finish;
is($out, "rows=1\nothers=1\nunjudged=1\nunjudged=1\nunjudged=0\nunjudged=1\nunjudged=1\n", 'the number is believed, also of an empty table');
is(join(' ', $text =~ /WARNING: .*cannot tell whether KalamDB server "(\w+)"/g), 'kalam_server second',
	'each server gets one WARNING') or diag($text);
$stub->clear_faults;

# ---- A hint names the server that it speaks of, and can be run as it is
$node->sql(q{ALTER SERVER second RENAME TO "bob's 2nd"});
$error = $node->error(q{CREATE FOREIGN TABLE app.unfit (id int, v text) SERVER "bob's 2nd" OPTIONS ("table" 'small')});
my ($hint) = $error->{text} =~ /HINT:  (SELECT kalam_exec\('bob''s 2nd', .*\)) shows its columns/;
like($node->sql($hint // 'SELECT'), qr/"column_name":"v"/, 'the statement of the hint works') or diag($error->{text});

# ---- … or says something else
$stub->fault({ method => 'ExecuteQuery', match => 'count(*)', code => 'UNAVAILABLE', message => 'not now', times => 100 });
$error = $node->error('SELECT count(*) FROM app.empty');
is($error->{sqlstate}, '08006', 'a number of rows that does not come is an error');
$stub->clear_faults;

KalamNode::finish();
