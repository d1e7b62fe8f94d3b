# SELECT ... FOR UPDATE, NO KEY UPDATE, SHARE and KEY SHARE of any rows, whatever finds them: the rows that are locked, who
# waits for whom, and what is seen after the wait, as on an ordinary table.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamRace;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => "deadlock_timeout = 50ms\n");
my $elsewhere = KalamNode->new('elsewhere', stub => $stub);
KalamRace::on($node);

# The same table four times: shared, of a user, as partitions of which one is ordinary, and ordinary.
$node->sql(
	q{ALTER DATABASE postgres SET kalam.user_id = 'alice';
	  CREATE SCHEMA app; CREATE SCHEMA own; CREATE SCHEMA mixed; CREATE SCHEMA heap;
	  CREATE TABLE app.t (id int PRIMARY KEY, n int, note text) USING kalamdb;
	  CREATE TABLE own.t (id int PRIMARY KEY, n int, note text) USING kalamdb WITH (type = 'user');
	  CREATE TABLE app.far (id int PRIMARY KEY, n int, note text) USING kalamdb;
	  CREATE TABLE mixed.t (id int NOT NULL, n int, note text) PARTITION BY RANGE (id);
	  CREATE TABLE mixed.near PARTITION OF mixed.t FOR VALUES FROM (0) TO (2);
	  ALTER TABLE mixed.t ATTACH PARTITION app.far FOR VALUES FROM (2) TO (100000);
	  CREATE TABLE heap.t (id int PRIMARY KEY, n int, note text);});
foreach my $schema (qw(app own mixed heap))
{
	$node->sql(
		"SET search_path = $schema;
		 CREATE VIEW old AS SELECT * FROM t WHERE note = 'old';
		 CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM t WHERE n = 0;
		 CREATE VIEW above AS SELECT * FROM (SELECT * FROM barrier OFFSET 0) b;
		 CREATE VIEW pairs AS SELECT a.id, b.id AS next FROM t a JOIN t b ON b.id = a.id + 1;
		 CREATE FUNCTION touch(i int) RETURNS int LANGUAGE plpgsql SET search_path = $schema AS
			'BEGIN UPDATE t SET n = n + 1 WHERE id = i; RETURN i; END'");
}
$elsewhere->sql(
	q{CREATE SCHEMA other;
	  CREATE FOREIGN TABLE other.t (id int, n int, note text) SERVER kalam_server OPTIONS (namespace 'app', "table" 't')});

# ---- Who keeps whom out

my @clauses = ('KEY SHARE', 'SHARE', 'NO KEY UPDATE', 'UPDATE');
my $row_two = q{SELECT id FROM t WHERE note = 'old' AND id + 0 = 2};
my $asks = join "\n", (map { ("$row_two FOR $_ NOWAIT;", "$row_two FOR $_ SKIP LOCKED;", "SELECT id FROM t WHERE id = 2 FOR $_ NOWAIT;") } @clauses),
	map { ("BEGIN; $_; ROLLBACK;") } 'UPDATE t SET n = 5 WHERE id = 2', 'UPDATE t SET id = 7 WHERE id = 2', 'DELETE FROM t WHERE id = 2';

sub matrix
{
	my ($schema, $holding) = @_;
	reset_rows($schema);
	my $holder = held_by($schema, $holding);
	my ($code, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY sqlstate\n\\set ECHO queries\nSET search_path = $schema; SET lock_timeout = '100ms';\n$asks", on_error_stop => 0);
	$holder->finish;
	$out =~ s/search_path = \w+//;
	$err =~ s/^psql:<stdin>:(\d+): /$1: /mg;
	return "$out\n$err";
}
foreach my $holding ((map { ("$row_two FOR $_") } @clauses), 'SELECT id FROM t WHERE id = 2 FOR SHARE', 'UPDATE t SET n = 1 WHERE id = 2',
	'UPDATE t SET id = 8 WHERE id = 2', 'DELETE FROM t WHERE id = 2')
{
	is(matrix('app', $holding), matrix('heap', $holding), "who is kept out by: $holding");
}

# ---- Which rows are locked

# What the holder said, and the rows that others can still lock.
sub locked
{
	my ($schema, $holding) = @_;
	reset_rows($schema);
	my $holder = held_by($schema, $holding);
	my $free = $node->sql("SELECT id FROM $schema.t WHERE n >= 0 ORDER BY id FOR UPDATE SKIP LOCKED");
	my ($out, $err) = $holder->finish;
	return "$out$err free:\n$free";
}
foreach my $case (
	[ 'a filter', q{SELECT id FROM t WHERE n = 0 AND id % 2 = 1 ORDER BY id FOR UPDATE} ],
	[ 'LIMIT', q{SELECT id FROM t ORDER BY id DESC LIMIT 1 FOR UPDATE} ],
	[ 'LIMIT and OFFSET', q{SELECT id FROM t ORDER BY id LIMIT 1 OFFSET 1 FOR NO KEY UPDATE} ],
	[ 'OR', q{SELECT id FROM t WHERE id = 1 OR n = 0 AND note = 'old' AND id > 3 ORDER BY id FOR UPDATE} ],
	[ 'OR of keys', q{SELECT id FROM t WHERE id = 1 OR id = 3 ORDER BY id FOR UPDATE} ],
	[ 'a key and another condition', q{SELECT id FROM t WHERE id IN (1, 2, 3) AND id + n > 1 ORDER BY id FOR UPDATE} ],
	[ 'keys below LIMIT', q{SELECT id FROM t WHERE id IN (2, 3) ORDER BY id LIMIT 1 FOR UPDATE} ],
	[ 'a key that is not there', q{SELECT id FROM t WHERE id IN (1, 9) FOR UPDATE} ],
	[ 'a sub-select', q{SELECT id FROM t WHERE id = (SELECT max(id) FROM t) FOR UPDATE} ],
	[ 'a lock in a sub-select', q{SELECT id FROM (SELECT id FROM t WHERE id > 1 ORDER BY id LIMIT 2 FOR UPDATE) x WHERE id = 3} ],
	[ 'EXISTS', q{SELECT id FROM t WHERE EXISTS (SELECT FROM t x WHERE x.id = t.id + 2) ORDER BY id FOR UPDATE OF t} ],
	[ 'a join', q{SELECT a.id, b.id FROM t a JOIN t b ON b.id = a.id + 1 WHERE a.id < 3 ORDER BY 1 FOR UPDATE OF a} ],
	[ 'both sides of a join', q{SELECT a.id, b.id FROM t a JOIN t b ON b.id = a.id + 2 WHERE a.note = 'old' AND a.id = 1 FOR UPDATE} ],
	[ 'an outer join', q{SELECT a.id, b.id FROM t a LEFT JOIN t b ON b.id = a.id + 3 WHERE a.id > 2 ORDER BY 1 FOR UPDATE OF a} ],
	[ 'a join of other rows', q{SELECT t.id FROM (VALUES (1), (4), (9)) v (k) JOIN t ON t.id = k ORDER BY 1 FOR UPDATE OF t} ],
	[ 'LATERAL', q{SELECT v.k, x.id FROM (VALUES (1), (3)) v (k), LATERAL (SELECT id FROM t WHERE id >= k ORDER BY id LIMIT 1 FOR UPDATE) x ORDER BY 1} ],
	[ 'a view', q{SELECT id FROM old WHERE id > 2 ORDER BY id FOR UPDATE} ],
	[ 'a view that hides rows', q{UPDATE t SET n = 1 WHERE id = 1; COMMIT; BEGIN; SELECT id FROM barrier WHERE id < 3 ORDER BY id FOR UPDATE} ],
	[ 'a view of that view', q{UPDATE t SET n = 1 WHERE id = 1; COMMIT; BEGIN; SELECT id FROM above WHERE id IN (1, 2) ORDER BY id FOR UPDATE} ],
	[ 'a hidden row by its key', q{UPDATE t SET n = 1 WHERE id = 1; COMMIT; BEGIN; SELECT id FROM barrier WHERE id = 1 FOR UPDATE} ],
	[ 'a view of a join', q{SELECT * FROM pairs WHERE id = 2 FOR UPDATE} ],
	[ 'a CTE', q{WITH x AS (SELECT id FROM t WHERE n = 0 ORDER BY id LIMIT 2 FOR UPDATE) SELECT * FROM x ORDER BY 1} ],
	[ 'a cursor that is not read to its end', q{DECLARE c CURSOR FOR SELECT id FROM t WHERE id IN (1, 2, 3) FOR UPDATE; FETCH 1 FROM c} ],
	[ 'rows of the transaction', q{UPDATE t SET n = 3 WHERE id = 2; INSERT INTO t VALUES (5, 3, 'new'); SELECT id FROM t WHERE n = 3 ORDER BY id FOR UPDATE} ],
	[ 'rows that the statement changes itself', q{SELECT touch(id) FROM t WHERE id < 3 AND n = 0 FOR UPDATE} ],
	[ 'a row by its key that the statement changes itself', q{SELECT touch(id) FROM t WHERE id = 3 FOR UPDATE} ],
	[ 'a savepoint', q{SAVEPOINT s; SELECT id FROM t WHERE n = 0 AND id > 2 ORDER BY id FOR UPDATE; ROLLBACK TO s; SELECT id FROM t WHERE id = 1 FOR UPDATE} ],
	[ 'no row', q{SELECT id FROM t WHERE note = 'none' FOR UPDATE} ],
	[ 'an aggregate of locked rows', q{SELECT sum(id) FROM (SELECT id FROM t WHERE id > 2 FOR UPDATE) x} ],
	[ 'a repeated scan', q{SELECT v.k, t.id FROM (VALUES (0), (1)) v (k) JOIN t ON t.n = v.k WHERE t.id > 2 ORDER BY 1, 2 FOR UPDATE OF t} ])
{
	my ($what, $holding) = @$case;
	my $expected = locked('heap', $holding);
	is(locked($_, $holding), $expected, "$_: the rows that are locked: $what") foreach qw(app own mixed);
}

# ---- What is seen after the wait

my $change = q{UPDATE t SET n = 7, note = 'changed' WHERE id = 2};
foreach my $case (
	[ 'a row that no longer fulfils the condition', $change, q{SELECT id, n FROM t WHERE note = 'old' ORDER BY id FOR UPDATE;}, 'COMMIT' ],
	[ 'a change that is rolled back', $change, q{SELECT id, n FROM t WHERE note = 'old' ORDER BY id FOR UPDATE;}, 'ROLLBACK' ],
	[ 'a row that still fulfils it, as it is now', $change, q{SELECT id, n, note FROM t WHERE id > 0 AND n >= 0 ORDER BY id FOR SHARE;}, 'COMMIT' ],
	[ 'a row that was removed', 'DELETE FROM t WHERE id = 2', q{SELECT id FROM t WHERE n = 0 ORDER BY id FOR KEY SHARE;}, 'COMMIT' ],
	[ 'LIMIT gets another row in its place', $change, q{SELECT id FROM t WHERE note = 'old' AND id > 1 ORDER BY id LIMIT 1 FOR UPDATE;}, 'COMMIT' ],
	[ 'a join, with the row as it is now', $change, q{SELECT a.id, b.id, b.n FROM t a JOIN t b ON b.id = a.id + 1 WHERE a.id = 1 AND a.n = 0 FOR UPDATE;}, 'COMMIT' ],
	[ 'a join of which the new row is no part', 'UPDATE t SET n = 7 WHERE id = 2', q{SELECT a.id, b.id FROM t a JOIN t b ON b.n = a.n AND b.id = a.id + 1 WHERE a.id < 3 ORDER BY 1 FOR UPDATE;}, 'COMMIT' ],
	[ 'a join beside a table without a lock', $change, q{SELECT a.id, b.id, a.n, b.n FROM t a JOIN t b ON b.id = a.id WHERE a.note IN ('old', 'changed') AND a.id = 2 FOR UPDATE OF a;}, 'COMMIT' ],
	[ 'a sub-select in the condition', $change, q{SELECT id, n FROM t WHERE n <= (SELECT count(*) FROM generate_series(1, 3)) ORDER BY id FOR UPDATE;}, 'COMMIT' ],
	[ 'a view', $change, q{SELECT id FROM old WHERE id < 3 ORDER BY id FOR UPDATE;}, 'COMMIT' ],
	[ 'a view that hides the new row', 'UPDATE t SET n = 7 WHERE id = 2', q{SELECT id FROM barrier WHERE id < 3 ORDER BY id FOR UPDATE;}, 'COMMIT' ],
	[ 'a lock that becomes stronger', "$row_two FOR KEY SHARE", q{BEGIN; SELECT id FROM t WHERE id + 0 = 2 FOR KEY SHARE; SELECT id FROM t WHERE id + 0 = 2 FOR UPDATE; COMMIT;}, 'COMMIT' ],
	[ 'a change after the lock', "$row_two FOR UPDATE; UPDATE t SET n = n + 1 WHERE id = 2", q{BEGIN; SELECT n FROM t WHERE note = 'old' AND id + 0 = 2 FOR UPDATE; UPDATE t SET n = n + 1 WHERE id = 2 RETURNING n; COMMIT;}, 'COMMIT' ],
	[ 'a key that others insert is not waited for, a changed one is', $change, q{SELECT id, n FROM t WHERE id IN (2, 3) ORDER BY id FOR UPDATE;}, 'COMMIT' ],
	[ 'a data-modifying statement that locks first', $change, q{WITH x AS (SELECT id FROM t WHERE note = 'old' AND id < 3 ORDER BY id FOR UPDATE) UPDATE t SET n = 9 FROM x WHERE x.id = t.id RETURNING t.id;}, 'COMMIT' ],
	[ 'a moved row is another one', 'UPDATE t SET id = 9 WHERE id = 2', q{SELECT id FROM t WHERE id < 5 AND n = 0 ORDER BY id FOR UPDATE;}, 'COMMIT' ])
{
	my ($what, @script) = @$case;
	my $expected = race('heap', @script);
	is(race($_, @script), $expected, "$_: after the wait: $what") foreach qw(app own mixed);
}

# Without a wait.
foreach my $case (
	[ 'SKIP LOCKED', $change, q{SELECT id FROM t WHERE note = 'old' ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED} ],
	[ 'NOWAIT', $change, q{SELECT id FROM t WHERE note = 'old' ORDER BY id FOR UPDATE NOWAIT} ],
	[ 'NOWAIT of the rows above LIMIT', $change, q{SELECT id FROM t WHERE note = 'old' ORDER BY id LIMIT 1 FOR UPDATE NOWAIT} ],
	[ 'a row that another session is about to insert', q{INSERT INTO t VALUES (9, 0, 'new')}, q{SELECT id FROM t WHERE id = 9 FOR UPDATE} ],
	[ 'such a row, NOWAIT', q{INSERT INTO t VALUES (9, 0, 'new')}, q{SELECT id FROM t WHERE id IN (1, 9) FOR UPDATE NOWAIT} ],
	[ 'a key that was looked for in vain', q{SELECT id FROM t WHERE id = 9 FOR UPDATE}, q{INSERT INTO t VALUES (9, 0, 'new') RETURNING id; DELETE FROM t WHERE id = 9} ])
{
	my ($what, @script) = @$case;
	my $expected = beside('heap', @script);
	is(beside($_, @script), $expected, "$_: beside others: $what") foreach qw(app own);
}

# ---- Queues

sub take_all
{
	my ($schema) = @_;
	$node->sql(
		"DELETE FROM $schema.t; INSERT INTO $schema.t SELECT i, 0, 'new' FROM generate_series(1, 40) i;
		 CREATE TABLE $schema.done (id int, worker int)");
	my @workers = map { $node->session } 1 .. 4;
	for my $i (0 .. 3)
	{
		# Each job is worked on while its row is locked.
		$workers[$i]->send("SET search_path = $schema;" . join "\n", map { "BEGIN;
			WITH job AS (UPDATE t SET note = 'taken', n = n + 1 WHERE id = (SELECT id FROM t WHERE note = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id)
			INSERT INTO done SELECT id, $i FROM job; COMMIT;" } 1 .. 12);
	}
	my $errors = join '', map { ($_->finish)[1] } @workers;
	return join '|', $errors, $node->sql("SELECT count(*), count(DISTINCT id) FROM $schema.done"),
		$node->sql("SELECT count(*), sum(n) FROM $schema.t WHERE note = 'taken'");
}
is(take_all('app'), '|40|40|40|40', 'a queue: four workers take each job once');

# ---- What ORMs send: get_or_create and update_or_create by a slug, select_for_update

{
	$node->sql(q{CREATE TABLE app.page (id bigint PRIMARY KEY, slug text, hits int) USING kalamdb; INSERT INTO app.page VALUES (1, 'a', 0), (2, 'b', 0)});
	my @sessions = map { $node->session } 1 .. 3;
	$_->send(join "\n", map { q{BEGIN; SELECT id, hits FROM app.page WHERE slug = 'a' LIMIT 21 FOR UPDATE \gset
		UPDATE app.page SET slug = 'a', hits = :hits + 1 WHERE id = :id; COMMIT;} } 1 .. 10) foreach @sessions;
	is(join('', map { ($_->finish)[1] } @sessions), '', 'update_or_create: no session fails');
	is($node->sql('SELECT slug, hits FROM app.page ORDER BY id'), "a|30\nb|0", 'and no hit is lost');
}

# ---- Other clients of KalamDB know nothing of the locks: what they have changed is seen when a row is locked

{
	reset_rows('app');
	my $holder = held_by('app', $row_two . ' FOR UPDATE');
	my $session = $node->session;
	my $pid = $session->pid;
	$session->send(q{SELECT id, n FROM app.t WHERE note = 'old' ORDER BY id FOR UPDATE;});
	wait_for_lock($pid);
	$elsewhere->sql(q{UPDATE other.t SET note = 'theirs' WHERE id = 2; UPDATE other.t SET n = 4 WHERE id = 3; DELETE FROM other.t WHERE id = 4});
	$holder->finish;
	my ($out, $err) = $session->finish;
	$out =~ s/pid=\d+\n//;
	is("$out$err", "1|0\n3|4\n", 'rows that another client has changed or removed since they were read');
}

# ---- What it costs

SKIP:
{
	skip 'needs the calls of the stub', 6 if $stub->is_server;
	reset_rows('app');
	my $scans = sub {
		my ($statement) = @_;
		$stub->forget_calls;
		$node->sql($statement);
		return scalar $stub->calls('Scan');
	};
	is($scans->('SELECT n FROM app.t WHERE id = 1 FOR UPDATE'), 1, 'a row that is looked up by its key is looked up once');
	is($scans->('SELECT n FROM app.t WHERE id IN (1, 2) FOR UPDATE'), 2, 'so are those of a list');
	is($scans->('SELECT n FROM app.t WHERE id = 9 FOR UPDATE'), 1, 'and one that is not there');
	my $plan = $node->sql(q{EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT n FROM app.t WHERE note = 'old' ORDER BY id LIMIT 2 FOR UPDATE});
	like($plan, qr/Row Locks: After Filters/, 'EXPLAIN tells when rows are locked');
	like($plan, qr/Lookups to Lock: 2\b/, 'a row that a scan has found is looked up when it is locked, and those above LIMIT alone');
	like($node->sql(q{EXPLAIN SELECT n FROM app.t WHERE id = 1 FOR UPDATE}), qr/Row Locks: Before Reading/, 'also when that is first');
}

# ---- Bounds

{
	$node->sql(q{CREATE TABLE app.many (id int PRIMARY KEY, n int) USING kalamdb; INSERT INTO app.many SELECT i, i % 7 FROM generate_series(1, 4000) i});
	my $holder = held_by('app', 'SELECT count(*) FROM (SELECT id FROM many WHERE n >= 0 ORDER BY id FOR KEY SHARE) x');
	is($node->sql(q{SELECT count(*) FROM pg_locks}) > 0, 1, 'others still find room in the table of locks');
	is($node->sql(q{SELECT id FROM app.many WHERE n = 3 ORDER BY id LIMIT 1 FOR UPDATE}), '3', 'and lock rows');
	my (undef, $err) = $holder->finish;
	like($err, qr/53200/, 'no session gets to lock all the rows that there is room for');
	is($node->sql(q{SET work_mem = '64kB'; SELECT count(*), sum(id) FROM (SELECT id FROM app.many WHERE n = 3 ORDER BY id DESC LIMIT 100 FOR SHARE) x}),
		'100|365350', 'rows that do not fit into work_mem can be locked');
}

# ---- What cannot be locked

{
	$node->sql(q{CREATE TABLE app.passing (id int PRIMARY KEY, n int) USING kalamdb WITH (type = 'stream', ttl_seconds = '100')});
	is($node->error('SELECT * FROM app.passing WHERE n = 1 FOR UPDATE')->{detail}, 'Rows of stream tables are not changed.', 'rows of stream tables');
	my $error = $node->error(q{CREATE FOREIGN TABLE heap.keyless (n int) SERVER kalam_server OPTIONS (namespace 'app', "table" 't'); SELECT * FROM heap.keyless FOR SHARE});
	is("$error->{sqlstate} $error->{detail}", '0A000 Rows are locked by their key, for which the foreign table has no column.', 'rows without a key');
	is($node->error('SELECT ctid FROM app.t FOR UPDATE')->{sqlstate}, '0A000', 'a handle is not to be seen');
	is($node->error('SELECT n FROM mixed.t WHERE ctid IS NOT NULL FOR UPDATE')->{sqlstate}, '0A000', 'nor compared');
}

KalamNode::finish();
