# UPDATE and DELETE of rows that a scan has found, while other sessions change them: as on an ordinary table, the session
# waits, and evaluates its conditions and the new row again on what the row is then. Each script runs on a KalamDB table
# and on an ordinary one, and both must end in the same way.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $node = KalamNode->new('main', stub => $stub, conf => "deadlock_timeout = 50ms\nmax_locks_per_transaction = 512\n");
my @settings = (q{SET kalam.user_id = 'alice';});
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE SCHEMA heap;
	  CREATE TABLE app.t (id int PRIMARY KEY, slug text, n int NOT NULL, note text, twice int GENERATED ALWAYS AS (n * 2) STORED,
	      CONSTRAINT small CHECK (n < 100)) USING kalamdb;
	  CREATE TABLE heap.t (id int PRIMARY KEY, slug text, n int NOT NULL, note text, twice int GENERATED ALWAYS AS (n * 2) STORED,
	      CONSTRAINT small CHECK (n < 100));
	  CREATE TABLE app.own (id int PRIMARY KEY, slug text, n int) USING kalamdb WITH (type = 'user');
	  CREATE TABLE app.stepped (id int PRIMARY KEY, slug text, n int) USING kalamdb;});
foreach my $schema (qw(app heap))
{
	$node->sql(
		qq{CREATE TABLE $schema.step (slug text, by int);
		   INSERT INTO $schema.step VALUES ('a', 1), ('b', 2);
		   CREATE VIEW $schema.guarded WITH (security_barrier) AS SELECT * FROM $schema.t WHERE n < 5;
		   CREATE VIEW $schema.few AS SELECT * FROM $schema.t WHERE n < 5 WITH CHECK OPTION;
		   CREATE TABLE $schema.parted (id int, slug text, n int) PARTITION BY RANGE (id);});
}
$node->sql(
	q{CREATE FOREIGN TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM (0) TO (3) SERVER kalam_server OPTIONS (namespace 'app', "table" 'stepped');
	  CREATE TABLE app.parted_2 PARTITION OF app.parted FOR VALUES FROM (3) TO (10);
	  CREATE TABLE heap.parted_1 PARTITION OF heap.parted FOR VALUES FROM (0) TO (3);
	  CREATE TABLE heap.parted_2 PARTITION OF heap.parted FOR VALUES FROM (3) TO (10);});

sub reset_rows
{
	my ($schema) = @_;
	$node->sql(
		qq{DELETE FROM $schema.t; DELETE FROM $schema.parted;
		   INSERT INTO $schema.t (id, slug, n, note) VALUES (1, 'a', 0, 'old'), (2, 'b', 0, 'old'), (3, 'a', 0, 'old'), (4, 'c', 0, 'old');
		   INSERT INTO $schema.parted VALUES (1, 'a', 0), (2, 'b', 0), (4, 'a', 0);});
	return;
}

sub wait_for_lock
{
	my ($pid) = @_;
	return $node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid");
}

# The statements of the first session in a block; those of the second, which wait for it; the end of the block. Returns
# what the second said, and the rows.
sub race
{
	my ($schema, $first, $second, $end) = @_;
	reset_rows($schema);
	my @sessions = map { $node->session } 1 .. 2;
	$_->send("\\set VERBOSITY sqlstate\nSET search_path = $schema;") foreach @sessions;
	my $pid = $sessions[1]->pid;
	$sessions[0]->send("BEGIN; $first; SELECT 'done';");
	$sessions[0]->wait_for(qr/done/);
	$sessions[1]->send($second);
	ok(wait_for_lock($pid), "$schema: the second session waits: $second");
	$sessions[0]->send("$end;");
	$sessions[0]->finish;
	my ($out, $err) = $sessions[1]->finish;
	$out =~ s/pid=\d+\n//;
	# KalamDB returns rows in an order of its own.
	$out = join "\n", sort split /\n/, $out;
	return join "\n", $out, $err, $node->sql("SELECT * FROM $schema.t ORDER BY id"), $node->sql("SELECT * FROM $schema.parted ORDER BY id");
}

# ---- Counters

foreach my $case ([ 'app.t', '' ], [ 'app.own', @settings ])
{
	my ($table, $settings) = @$case;
	$node->sql("$settings INSERT INTO $table (id, slug, n) VALUES (1, 'a', 0)");
	my @sessions = map { $node->session } 1 .. 3;
	my $script = "UPDATE $table SET n = n + 1 WHERE slug = 'a';\n" x 20;
	$_->send("$settings\n$script") foreach @sessions;
	is(join('', map { ($_->finish)[1] } @sessions), '', "$table: no session fails");
	is($node->sql("$settings SELECT n FROM $table"), '60', "$table: three sessions count to 20 each");
}

# ---- Two sessions, of which the second waits for the first

my $add = q{UPDATE t SET n = n + 1 WHERE slug = 'a'};
my $first = 'UPDATE t SET n = n + 10 WHERE id = 1';
foreach my $case (
	[ 'both changes are counted', $first, "$add RETURNING id, n, note, twice;", 'COMMIT' ],
	[ 'a change that was rolled back is not counted', $first, "$add RETURNING id, n;", 'ROLLBACK' ],
	[ 'both sessions find the row by a scan', $add, "$add RETURNING id, n;", 'COMMIT' ],
	[ 'other columns are kept', q{UPDATE t SET note = 'new' WHERE id = 1}, "$add RETURNING *;", 'COMMIT' ],
	[ 'a row whose condition no longer holds is left out', q{UPDATE t SET slug = 'x' WHERE id = 1}, "$add RETURNING id, n;", 'COMMIT' ],
	[ 'a row whose condition holds by now was not found', q{UPDATE t SET slug = 'a' WHERE id = 2; UPDATE t SET n = 5 WHERE id = 1},
		"$add RETURNING id, n;", 'COMMIT' ],
	[ 'a row that was removed is left out', 'DELETE FROM t WHERE id = 1', "$add RETURNING id, n;", 'COMMIT' ],
	[ 'a row that was removed and inserted again is there', q{DELETE FROM t WHERE slug = 'b'; UPDATE t SET n = 7, slug = 'a' WHERE id = 1},
		"$add RETURNING id, n;", 'COMMIT' ],
	[ 'a removal that is rolled back', 'DELETE FROM t WHERE id = 1', "$add RETURNING id, n;", 'ROLLBACK' ],
	[ 'DELETE returns the new row', $first, q{DELETE FROM t WHERE slug = 'a' RETURNING *;}, 'COMMIT' ],
	[ 'DELETE without RETURNING', $first, q{DELETE FROM t WHERE slug = 'a';}, 'COMMIT' ],
	[ 'DELETE leaves out what its condition does not hold for', q{UPDATE t SET slug = 'x' WHERE id = 3}, q{DELETE FROM t WHERE slug = 'a' RETURNING id;}, 'COMMIT' ],
	[ 'DELETE of a row that was removed', 'DELETE FROM t WHERE id = 1', q{DELETE FROM t WHERE slug = 'a' RETURNING id;}, 'COMMIT' ],
	[ 'DELETE of a row whose removal was rolled back', 'DELETE FROM t WHERE id = 1', q{DELETE FROM t WHERE slug = 'a' RETURNING id;}, 'ROLLBACK' ],
	[ 'UPDATE FROM a local table', $first, 'UPDATE t SET n = t.n + by FROM step WHERE step.slug = t.slug RETURNING id, n, step.slug, by;', 'COMMIT' ],
	[ 'UPDATE FROM a local table that the row does not meet any more', q{UPDATE t SET slug = 'b' WHERE id = 1},
		'UPDATE t SET n = t.n + by FROM step WHERE step.slug = t.slug RETURNING id, n, by;', 'COMMIT' ],
	[ 'DELETE USING a local table', $first, 'DELETE FROM t USING step WHERE step.slug = t.slug AND by = 1 RETURNING id, n, by;', 'COMMIT' ],
	[ 'a join of the table with itself', $first,
		q{UPDATE t SET n = t.n + o.n + 1 FROM t o WHERE o.note = t.note AND o.slug = 'b' AND t.slug = 'a' RETURNING t.id, t.n, o.id;}, 'COMMIT' ],
	[ 'an outer join', $first, 'UPDATE t SET n = t.n + coalesce(s.by, 50) FROM t o LEFT JOIN step s ON s.slug = o.slug WHERE o.id = t.id AND o.note = t.note RETURNING t.id, t.n;',
		'COMMIT' ],
	[ 'a row that a join finds several times is changed once', $first,
		'UPDATE t SET n = t.n + v.by FROM (VALUES (1), (1), (1)) v (by) WHERE t.slug = \'a\' RETURNING id, n;', 'COMMIT' ],
	[ 'the second row of a join may meet the condition', 'UPDATE t SET n = 2 WHERE id = 1',
		q{UPDATE t SET note = 'by ' || v.k FROM (VALUES (0), (2)) v (k) WHERE t.slug = 'a' AND (t.n = v.k OR t.n = v.k - 2) RETURNING id, note;}, 'COMMIT' ],
	[ 'a sub-select in SET', $first, q{UPDATE t SET n = n + (SELECT by FROM step s WHERE s.slug = t.slug) WHERE slug = 'a' RETURNING id, n;}, 'COMMIT' ],
	[ 'several columns from a sub-select', $first,
		q{UPDATE t SET (n, note) = (SELECT t.n + by, s.slug FROM step s WHERE s.slug = t.slug) WHERE slug = 'a' RETURNING id, n, note;}, 'COMMIT' ],
	[ 'a sub-select in WHERE', $first, 'UPDATE t SET n = n + 1 WHERE slug IN (SELECT slug FROM step WHERE by = 1) RETURNING id, n;', 'COMMIT' ],
	[ 'a sub-select that depends on the row', $first,
		'UPDATE t SET n = n + 1 WHERE EXISTS (SELECT FROM step WHERE step.slug = t.slug AND by > t.n) RETURNING id, n;', 'COMMIT' ],
	[ 'a sub-select that no longer holds', q{UPDATE t SET slug = 'z' WHERE id = 1},
		'UPDATE t SET n = n + 1 WHERE EXISTS (SELECT FROM step WHERE step.slug = t.slug) RETURNING id, n;', 'COMMIT' ],
	[ 'OR with the key', $first, q{UPDATE t SET n = n + 1 WHERE id = 1 OR slug = 'b' RETURNING id, n;}, 'COMMIT' ],
	[ 'all rows', $first, 'UPDATE t SET n = n + 1 RETURNING id, n;', 'COMMIT' ],
	[ 'all rows are removed', $first, 'DELETE FROM t RETURNING id, n;', 'COMMIT' ],
	[ 'a CHECK constraint is evaluated on the new row', 'UPDATE t SET n = 99 WHERE id = 1', "$add;", 'COMMIT' ],
	[ 'so is NOT NULL', 'UPDATE t SET n = 9 WHERE id = 1', q{UPDATE t SET n = nullif(n, 9) WHERE slug = 'a';}, 'COMMIT' ],
	[ 'so is WITH CHECK OPTION', 'UPDATE t SET n = 4 WHERE id = 1', q{UPDATE few SET n = n + 1 WHERE slug = 'a';}, 'COMMIT' ],
	[ 'the condition of a view is evaluated again', 'UPDATE t SET n = 8 WHERE id = 1', q{UPDATE few SET n = n + 1 WHERE slug = 'a' RETURNING id, n;}, 'COMMIT' ],
	[ 'the filter of a security barrier is evaluated again', 'UPDATE t SET n = 8 WHERE id = 1', q{UPDATE guarded SET note = 'x' WHERE id = 1 RETURNING id, n;}, 'COMMIT' ],
	[ 'a row that passes a security barrier', 'UPDATE t SET n = 3 WHERE id = 1', q{UPDATE guarded SET note = note || n WHERE id = 1 RETURNING id, n, note;}, 'COMMIT' ],
	[ 'a row that an upsert has changed', q{INSERT INTO t (id, slug, n) VALUES (1, 'a', 0) ON CONFLICT (id) DO UPDATE SET n = t.n + 5}, "$add RETURNING id, n;", 'COMMIT' ],
	[ 'a row that was locked only', 'SELECT n FROM t WHERE id = 1 FOR UPDATE', "$add RETURNING id, n;", 'COMMIT' ],
	[ 'a sub-select locks the row after it was read', $first,
		q{UPDATE t SET n = n + 1 WHERE slug = 'a' AND (SELECT x.n FROM t x WHERE x.id = t.id FOR UPDATE) >= 0 RETURNING id, n;}, 'COMMIT' ],
	[ 'a sub-select locks the row in a block', $first,
		q{BEGIN; UPDATE t SET n = n + 1 WHERE slug = 'a' AND (SELECT x.n FROM t x WHERE x.id = t.id FOR UPDATE) >= 0 RETURNING id, n; COMMIT;}, 'COMMIT' ],
	[ 'a sub-select locks the row, and a volatile function is called', $first,
		q{UPDATE t SET n = n + 1 + floor(random())::int WHERE slug = 'a' AND (SELECT x.n FROM t x WHERE x.id = t.id FOR UPDATE) >= 0 RETURNING id, n;}, 'COMMIT' ],
	[ 'the key is changed', $first, q{UPDATE t SET id = id + 10, n = n + 1 WHERE slug = 'a' RETURNING id, n, note;}, 'COMMIT' ],
	[ 'a new key of the new row', $first, q{UPDATE t SET id = 20 + n WHERE slug = 'a' AND id < 3 RETURNING id, n;}, 'COMMIT' ],
	[ 'a row of a partitioned table', 'UPDATE parted SET n = 10 WHERE id = 1', q{UPDATE parted SET n = n + 1 WHERE slug = 'a' RETURNING id, n, tableoid::regclass::text ~ 'parted_';}, 'COMMIT' ],
	[ 'a row of a partitioned table that no longer meets the condition', q{UPDATE parted SET slug = 'x' WHERE id = 1},
		q{DELETE FROM parted WHERE slug = 'a' RETURNING id, n;}, 'COMMIT' ],
	[ 'a partition that is an ordinary table', 'UPDATE parted SET n = 10 WHERE id = 4', q{UPDATE parted SET n = n + 1 WHERE slug = 'a' RETURNING id, n;}, 'COMMIT' ],
	[ 'a block that changed the row itself', $first, "BEGIN; UPDATE t SET n = n + 100 - 98 WHERE slug = 'c'; $add RETURNING id, n; $add RETURNING id, n; COMMIT;", 'COMMIT' ],
	[ 'a savepoint that is rolled back', $first, "BEGIN; SAVEPOINT s; $add RETURNING id, n; ROLLBACK TO s; $add RETURNING id, n; COMMIT;", 'COMMIT' ],
	[ 'a statement with a common table expression', $first, "WITH u AS ($add RETURNING id, n) SELECT * FROM u ORDER BY id;", 'COMMIT' ],
	[ 'a prepared statement', $first, "PREPARE s AS UPDATE t SET n = n + \$1 WHERE slug = \$2 RETURNING id, n; EXECUTE s (1, 'a');", 'COMMIT' ],
	[ 'a function', $first, q{DO $$ BEGIN UPDATE t SET n = n + 1 WHERE slug = 'a'; RAISE NOTICE '%', (SELECT sum(n) FROM t); END $$;}, 'COMMIT' ],
	[ 'a volatile function', $first, q{UPDATE t SET n = n + 1 + floor(random())::int WHERE slug = 'a' RETURNING id, n;}, 'COMMIT' ])
{
	my ($what, @script) = @$case;
	is(race('app', @script), race('heap', @script), $what);
}

# ---- Three sessions, of which two wait for one row

sub queue
{
	my ($schema) = @_;
	reset_rows($schema);
	$node->sql("UPDATE $schema.t SET slug = 'c' WHERE id = 3");
	my @sessions = map { $node->session } 1 .. 3;
	$_->send("\\set VERBOSITY sqlstate\nSET search_path = $schema;") foreach @sessions;
	my @pids = map { $_->pid } @sessions;
	$sessions[0]->send("BEGIN; UPDATE t SET n = n + 1 WHERE slug = 'a' AND id = 1; SELECT 'done';");
	$sessions[0]->wait_for(qr/done/);
	foreach my $i (1, 2)
	{
		$sessions[$i]->send(q{UPDATE t SET n = n + 1, slug = CASE WHEN n > 0 THEN 'x' ELSE slug END WHERE slug = 'a' AND note = 'old' RETURNING id, n, slug;});
		ok(wait_for_lock($pids[$i]), "$schema: session $i waits");
	}
	$sessions[0]->send('COMMIT;');
	$sessions[0]->finish;
	my @said = map { join "\n", sort map { split /\n/ } $_->finish } @sessions[ 1, 2 ];
	s/pid=\d+\n?// foreach @said;
	# Either of the two may be the first to go on.
	return join "\n", sort(@said), $node->sql("SELECT * FROM $schema.t ORDER BY id");
}
is(queue('app'), queue('heap'), 'the third session evaluates its condition on what the second made of the row');

# ---- The row was changed between its reading and its lock, so that nobody has to wait

$node->sql(
	q{CREATE FUNCTION pass_gate(id int) RETURNS boolean LANGUAGE plpgsql STABLE AS
	      $$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN true; END $$});

sub race_at_gate
{
	my ($schema, $others, $own) = @_;
	reset_rows($schema);
	my @sessions = map { $node->session } 1 .. 2;
	$_->send("\\set VERBOSITY sqlstate\nSET search_path = $schema, public;") foreach @sessions;
	my $pid = $sessions[1]->pid;
	$sessions[0]->send("SELECT pg_advisory_lock(77); SELECT 'shut';");
	$sessions[0]->wait_for(qr/shut/);
	$sessions[1]->send($own);
	ok(wait_for_lock($pid), "$schema: the second session has read its rows: $own");
	$sessions[0]->send("$others; SELECT pg_advisory_unlock(77);");
	$sessions[0]->finish;
	my ($out, $err) = $sessions[1]->finish;
	$out =~ s/pid=\d+\n//;
	return join "\n", $err, sort(split /\n/, $out), $node->sql("SELECT * FROM $schema.t ORDER BY id");
}
my $gate = q{UPDATE t SET n = n + 1 WHERE slug = 'a' AND pass_gate(id)};
foreach my $case (
	[ 'a change', 'UPDATE t SET n = 7 WHERE id = 1', "$gate RETURNING id, n;" ],
	[ 'a change, in a block', 'UPDATE t SET n = 7 WHERE id = 1', "BEGIN; $gate RETURNING id, n; COMMIT;" ],
	[ 'a removal, in a block', 'DELETE FROM t WHERE id = 1', "BEGIN; $gate RETURNING id, n; COMMIT;" ],
	[ 'a condition, in a block', q{UPDATE t SET slug = 'x' WHERE id = 1}, "BEGIN; $gate RETURNING id, n; COMMIT;" ],
	[ 'a change that is rolled back, in a block', 'BEGIN; UPDATE t SET n = 7 WHERE id = 1; ROLLBACK', "BEGIN; $gate RETURNING id, n; COMMIT;" ],
	[ 'a change of several rows, in a block', 'UPDATE t SET n = 7 WHERE id IN (1, 3)', "BEGIN; $gate RETURNING id, n; COMMIT;" ])
{
	my ($what, @script) = @$case;
	is(race_at_gate('app', @script), race_at_gate('heap', @script), "between reading and lock: $what");
}

# ---- Many rows are locked, and then looked up, together

$node->sql(
	q{CREATE TABLE app.many (id int PRIMARY KEY, slug text, n int) USING kalamdb;
	  CREATE TABLE heap.many (id int PRIMARY KEY, slug text, n int);
	  CREATE FUNCTION changed() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM many WHERE n > 0); END $$;});

sub many_rows
{
	my ($schema, $count) = @_;
	return $node->sql("DELETE FROM $schema.many; INSERT INTO $schema.many SELECT i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, 0 FROM generate_series(1, $count) i");
}

# The first session changes a part of 600 rows, which the second changes all.
sub race_of_many
{
	my ($schema, $others, $own) = @_;
	many_rows($schema, 600);
	my @sessions = map { $node->session } 1 .. 2;
	$_->send("\\set VERBOSITY sqlstate\nSET search_path = $schema;") foreach @sessions;
	my $pid = $sessions[1]->pid;
	$sessions[0]->send("BEGIN; $others; SELECT 'done';");
	$sessions[0]->wait_for(qr/done/);
	$sessions[1]->send($own);
	ok(wait_for_lock($pid), "$schema: the second session waits: $own");
	$sessions[0]->send('COMMIT;');
	$sessions[0]->finish;
	my ($out, $err) = $sessions[1]->finish;
	$out =~ s/pid=\d+\n//;
	return join "\n", $err, $out, $node->sql("SELECT count(*), sum(n), sum(id * n), string_agg(DISTINCT slug, ',' ORDER BY slug) FROM $schema.many");
}
my $part = 'id IN (SELECT generate_series(1, 600, 7))';
foreach my $case (
	[ 'many rows were changed', "UPDATE many SET n = 10 WHERE $part", 'WITH u AS (UPDATE many SET n = n + 1 RETURNING n) SELECT count(*), sum(n) FROM u;' ],
	[ 'many rows do not meet the condition any more', "UPDATE many SET slug = 'x' WHERE $part", q{UPDATE many SET n = n + 1 WHERE slug IN ('odd', 'even');} ],
	[ 'many rows were removed', "DELETE FROM many WHERE $part", 'UPDATE many SET n = n + 1;' ],
	[ 'many rows of a DELETE were changed', "UPDATE many SET slug = 'x' WHERE $part", q{DELETE FROM many WHERE slug <> 'x';} ],
	[ 'many rows that a join finds several times', "UPDATE many SET n = 5 WHERE $part",
		q{UPDATE many SET n = n + by FROM (VALUES (1), (1), (1)) v (by) WHERE slug IN ('odd', 'even');} ])
{
	my ($what, @script) = @$case;
	is(race_of_many('app', @script), race_of_many('heap', @script), $what);
}

{
	many_rows('app', 100);
	my @sessions = map { $node->session } 1 .. 3;
	$_->send(q{UPDATE app.many SET n = n + 1 WHERE slug IN ('odd', 'even');} x 5) foreach @sessions;
	is(join('', map { ($_->finish)[1] } @sessions), '', 'three sessions that change the same hundred rows do not wait for each other in a circle');
	is($node->sql('SELECT count(*) FROM app.many WHERE n = 15'), '100', 'each of their changes is counted');
}

foreach my $schema (qw(app heap))
{
	many_rows($schema, 4);
	is($node->sql("SET search_path = $schema, public; UPDATE many SET n = changed() + 1; SELECT string_agg(n::text, ' ' ORDER BY n) FROM many"), '1 2 3 4',
		"$schema: a volatile function sees the rows that were changed before");
}

# ---- EXPLAIN

sub explained { return $node->sql("SET search_path = app; EXPLAIN (COSTS OFF) $_[0]") }
my $lock_rows = qr/Custom Scan \(KalamDB Lock Rows\)/;
like(explained($add), qr/^Update on t\n  ->  $lock_rows\n        ->  Foreign Scan on t/, 'EXPLAIN shows that rows are locked after a scan has found them');
like(explained("DELETE FROM t WHERE slug = 'a'"), $lock_rows, 'so it does for DELETE');
like(explained("WITH u AS ($add RETURNING id) SELECT * FROM u"), $lock_rows, 'and for a common table expression');
like(explained('UPDATE t SET n = t.n + by FROM step WHERE step.slug = t.slug'), $lock_rows, 'and for a join');
like(explained("UPDATE parted SET n = 1 WHERE slug = 'a'"), $lock_rows, 'and for a partitioned table');
unlike(explained($_), $lock_rows, "rows that are locked before they are read need none of it: $_")
	foreach 'UPDATE t SET n = 1 WHERE id = 1', 'UPDATE t SET n = 1 WHERE id IN (1, 2)', 'DELETE FROM t WHERE id BETWEEN 1 AND 3';
unlike(explained('UPDATE t SET n = random() WHERE slug = \'a\''), $lock_rows, 'a volatile function is not called ahead');
unlike($node->sql("SET search_path = heap; EXPLAIN $add"), $lock_rows, 'ordinary tables are left alone');
like($node->sql("SET search_path = app; EXPLAIN (COSTS OFF, VERBOSE) $add"), qr/$lock_rows\n        Output: \(\(n \+ 1\)\), id/, 'EXPLAIN VERBOSE shows what the node returns');

{
	reset_rows('app');
	my ($others, $own) = ($node->session, $node->session);
	my $pid = $own->pid;
	$others->send("BEGIN; UPDATE app.t SET n = 5 WHERE id = 1; SELECT 'done';");
	$others->wait_for(qr/done/);
	$own->send(q{EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) UPDATE app.t SET n = n + 1 WHERE slug = 'a';});
	ok(wait_for_lock($pid), 'EXPLAIN ANALYZE waits');
	$others->send('COMMIT;');
	$others->finish;
	my ($out) = $own->finish;
	like($out, qr/^  Lookups: 3\n  Rows Changed by Others: 1\n  ->  /m, 'EXPLAIN ANALYZE counts lookups, and the rows that others have changed');
}

# ---- What it costs

SKIP:
{
	$stub->need_calls(1);
	reset_rows('app');
	my $scans = sub {
		$stub->forget_calls;
		$node->sql("SET search_path = app; $_[0]");
		return scalar(my @calls = $stub->calls('Scan'));
	};
	is($scans->(q{SELECT * FROM t WHERE slug = 'a'}), 1, 'one call reads the table');
	is($scans->($add), 3, 'an UPDATE outside of a block looks each row up once');
	is($scans->("BEGIN; $add; COMMIT"), 3, 'so does one in a block, which nobody disturbs: COMMIT looks them up');
	is($scans->('UPDATE t SET n = 1 WHERE id IN (1, 2)'), 2, 'rows that are looked up by their keys are looked up once');

	# The first lookup never comes back: the others are on their way.
	my $session = $node->session;
	my $pid = $session->pid;
	$stub->forget_calls;
	$stub->fault({ method => 'Scan', call => 2, black_hole => JSON::PP::true });
	$session->send('UPDATE app.t SET n = n + 1;');
	$stub->wait_for_calls(5, sub { $_->{method} eq 'Scan' });
	is(scalar(my @calls = $stub->calls('Scan')), 5, 'the lookups of all rows are in flight together');
	$node->sql("SELECT pg_cancel_backend($pid)");
	my (undef, $err) = $session->finish;
	is(KalamNode::parse_error($err)->{sqlstate}, '57014', 'a cancel ends the wait for them');
	$stub->clear_faults;
	is($node->sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), '0', 'no lock is left');
}

# ---- Row triggers have seen the old row by then

$node->sql(
	q{CREATE FUNCTION passed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(new, old); END $$;
	  CREATE TRIGGER passed BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION passed();
	  CREATE TRIGGER passed_on AFTER DELETE ON app.t FOR EACH ROW EXECUTE FUNCTION passed();});
foreach my $second ("$add;", q{DELETE FROM t WHERE slug = 'a';},
	q{UPDATE t SET n = n + 1 WHERE slug = 'a' AND (SELECT x.n FROM t x WHERE x.id = t.id FOR UPDATE) >= 0;})
{
	unlike(explained($second), $lock_rows, "with a row trigger nothing is looked up: $second");
	my $said = race('app', $first, $second, 'COMMIT');
	like($said, qr/40001/, "with a row trigger a row that was changed meanwhile is an error: $second");
	like($said, qr/^1\|a\|10\|old/m, 'and keeps the change');
}
$node->sql('DROP TRIGGER passed ON app.t; DROP TRIGGER passed_on ON app.t;');

KalamNode::finish();
