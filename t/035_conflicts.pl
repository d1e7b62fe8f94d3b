# Two sessions change the same rows, or a session and another client of KalamDB: no change is lost. The first part runs
# on a KalamDB table and on a heap, and must end in the same way.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamRace;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $node = KalamNode->new('main', stub => $stub, conf => "deadlock_timeout = 50ms\n");

# Another client of KalamDB, which knows nothing of this PostgreSQL's locks: another PostgreSQL.
my $elsewhere = KalamNode->new('elsewhere', stub => $stub);
KalamRace::on($node);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE SCHEMA heap;
	  CREATE TABLE app.t (id int PRIMARY KEY, n int, note text) USING kalamdb;
	  CREATE TABLE heap.t (id int PRIMARY KEY, n int, note text);
	  CREATE TABLE app.own (id int PRIMARY KEY, n int) USING kalamdb WITH (type = 'user');
	  CREATE SCHEMA bare;
	  CREATE FOREIGN TABLE bare.t (id int, n int, note text) SERVER kalam_server OPTIONS (namespace 'app', "table" 't');});
$elsewhere->sql(
	q{CREATE SCHEMA other;
	  CREATE FOREIGN TABLE other.t (id int, n int, note text) SERVER kalam_server OPTIONS (namespace 'app', "table" 't')});

my $add = 'UPDATE t SET n = n + 1 WHERE id = 1';
foreach my $case (
	[ 'both are counted', $add, "$add RETURNING n;", 'COMMIT' ],
	[ 'nor are other columns lost', $add, "UPDATE t SET note = 'new' WHERE id = 1 RETURNING n, note;", 'COMMIT' ],
	[ 'what was rolled back is not counted', $add, "$add RETURNING n;", 'ROLLBACK' ],
	[ 'a condition is checked on the new row', $add, 'UPDATE t SET n = 5 WHERE id = 1 AND n = 0 RETURNING n;', 'COMMIT' ],
	[ 'a row that was removed', 'DELETE FROM t WHERE id = 1', "$add RETURNING n;", 'COMMIT' ],
	[ 'removed twice', 'DELETE FROM t WHERE id = 1', 'DELETE FROM t WHERE id = 1 RETURNING n;', 'COMMIT' ],
	[ 'keys of a list', $add, 'UPDATE t SET n = n + 1 WHERE id IN (1, 3) RETURNING id, n;', 'COMMIT' ],
	[ 'keys of a join', $add,
		'UPDATE t SET n = t.n + k FROM (VALUES (1, 10)) v (id, k) WHERE t.id = v.id RETURNING t.n;', 'COMMIT' ],
	[ 'a savepoint that is rolled back gives its rows back', "SAVEPOINT s; $add; ROLLBACK TO s; UPDATE t SET n = 9 WHERE id = 2",
		"$add RETURNING n; UPDATE t SET n = n + 1 WHERE id = 2 RETURNING n;", 'COMMIT' ],
	[ 'a row that is locked', 'SELECT n FROM t WHERE id = 1 FOR UPDATE; UPDATE t SET n = 4 WHERE id = 1', "$add RETURNING n;", 'COMMIT' ],
	[ 'a row that is locked against changes', 'SELECT n FROM t WHERE id = 1 FOR SHARE', "$add RETURNING n;", 'COMMIT' ],
	[ 'FOR UPDATE waits', $add, 'SELECT n FROM t WHERE id = 1 FOR UPDATE;', 'COMMIT' ],
	[ 'FOR SHARE waits', $add, 'SELECT n FROM t WHERE id = 1 FOR SHARE;', 'ROLLBACK' ],
	[ 'FOR UPDATE looks at the new row', $add, 'SELECT n FROM t WHERE id = 1 AND n = 0 FOR UPDATE;', 'COMMIT' ],
	[ 'FOR UPDATE of a row that was removed', 'DELETE FROM t WHERE id = 1', 'SELECT n FROM t WHERE id = 1 FOR UPDATE;', 'COMMIT' ],
	[ 'FOR UPDATE of a list', $add, 'SELECT id, n FROM t WHERE id IN (1, 2) ORDER BY id FOR NO KEY UPDATE;', 'COMMIT' ],
	[ 'FOR UPDATE of a join', $add, 'SELECT t.id, n FROM t JOIN (VALUES (1)) v (k) ON v.k = t.id FOR UPDATE OF t;', 'COMMIT' ],
	[ 'FOR UPDATE and a change', 'SELECT n FROM t WHERE id = 1 FOR UPDATE', "BEGIN; SELECT n FROM t WHERE id = 1 FOR UPDATE; $add; COMMIT;",
		"$add; COMMIT" ])
{
	my ($what, @script) = @$case;
	is(race('app', @script), race('heap', @script), $what);
}

# ---- Locking clauses that do not wait

foreach my $case (
	[ 'NOWAIT', 'UPDATE t SET n = 1 WHERE id = 1', 'SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT' ],
	[ 'NOWAIT of other rows', 'UPDATE t SET n = 1 WHERE id = 1', 'SELECT id FROM t WHERE id IN (2, 3) ORDER BY id FOR UPDATE NOWAIT' ],
	[ 'SKIP LOCKED', 'SELECT n FROM t WHERE id = 2 FOR UPDATE', 'SELECT id FROM t WHERE id = ANY (ARRAY[1, 2, 3]) ORDER BY id FOR UPDATE SKIP LOCKED' ],
	[ 'SKIP LOCKED of one row', 'DELETE FROM t WHERE id = 2', 'SELECT id FROM t WHERE id = 2 FOR SHARE SKIP LOCKED' ],
	[ 'FOR SHARE twice', 'SELECT n FROM t WHERE id = 2 FOR SHARE', 'SELECT id FROM t WHERE id = 2 FOR SHARE NOWAIT' ],
	[ 'FOR SHARE and FOR UPDATE', 'SELECT n FROM t WHERE id = 2 FOR SHARE', 'SELECT id FROM t WHERE id = 2 FOR UPDATE NOWAIT' ])
{
	my ($what, @script) = @$case;
	is(beside('app', @script), beside('heap', @script), $what);
}

{
	is($node->sql('SELECT x.id FROM app.t x JOIN heap.t y ON x.note = y.note WHERE x.id = 1 ORDER BY y.id LIMIT 1 FOR UPDATE OF y'), '1',
		'the other tables of the join can be locked alone');
	is($node->sql(q{SET enable_nestloop = off; SELECT t.id FROM app.t JOIN heap.t h ON h.id = t.id WHERE h.id < 3 ORDER BY 1 FOR UPDATE OF t}),
		"1\n2", 'rows of a join can be locked, whatever the settings');
	# A list is looked up, however long it is.
	is($node->sql('SELECT count(*) FROM (SELECT id FROM app.t WHERE id = ANY (ARRAY(SELECT generate_series(1, 1100))) FOR UPDATE) x'),
		'4', 'a long list of keys is locked');
}

# ---- Waiting ends by itself

{
	reset_rows('app');
	my ($first, $second) = ($node->session, $node->session);
	$first->send("BEGIN; UPDATE app.t SET n = 1 WHERE id = 1; SELECT 'done';");
	$first->wait_for(qr/done/);
	my $error = $node->error("SET lock_timeout = '20ms'; UPDATE app.t SET n = 2 WHERE id = 1");
	is($error->{sqlstate}, '55P03', 'lock_timeout ends the wait for a row');
	is($node->sql('UPDATE app.t SET n = 2 WHERE id = 2 RETURNING n'), '2', 'another row is free');

	my $pid = $second->pid;
	$second->send('UPDATE app.t SET n = 2 WHERE id = 1;');
	wait_for_lock($pid);
	$node->sql("SELECT pg_cancel_backend($pid)");
	$second->wait_for(qr/ERROR/);
	my (undef, $err) = $second->finish;
	is(KalamNode::parse_error($err)->{sqlstate}, '57014', 'pg_cancel_backend ends the wait for a row');
	$first->send('COMMIT;');
	$first->finish;

	($first, $second) = ($node->session, $node->session);
	$first->send("BEGIN; UPDATE app.t SET n = n + 10 WHERE id = 1; SELECT 'done';");
	$second->send("BEGIN; UPDATE app.t SET n = n + 10 WHERE id = 2; SELECT 'done';");
	$_->wait_for(qr/done/) foreach $first, $second;
	$pid = $first->pid;
	$first->send('UPDATE app.t SET n = n + 10 WHERE id = 2;');
	wait_for_lock($pid);
	$second->send('UPDATE app.t SET n = n + 10 WHERE id = 1; COMMIT;');
	$first->send('COMMIT;');
	my @errors = map { ($_->finish)[1] } $first, $second;
	is(join(' ', map { KalamNode::parse_error($_)->{sqlstate} } grep { $_ ne '' } @errors), '40P01', 'one session of a deadlock fails');
	is($node->sql('SELECT sum(n) FROM app.t WHERE id < 3'), '23', 'the other session of the deadlock is done');
	is($node->sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), '0', 'no lock is left');
}

# ---- Rows of two users are not the same

{
	my ($alice, $bob) = ($node->session, $node->session);
	$alice->send("SET kalam.user_id = 'alice'; INSERT INTO app.own VALUES (1, 0); BEGIN; UPDATE app.own SET n = 1 WHERE id = 1; SELECT 'done';");
	$bob->send("SET kalam.user_id = 'bob'; INSERT INTO app.own VALUES (1, 0);");
	$alice->wait_for(qr/done/);
	$bob->send("UPDATE app.own SET n = 2 WHERE id = 1; SELECT 'done';");
	$bob->wait_for(qr/done/);
	$alice->send('COMMIT;');
	is(join(' ', map { my (undef, $err) = $_->finish; $err } $alice, $bob), ' ', 'sessions of two users do not wait for each other');
}

# ---- A row that was read before it was locked: the session that waited starts from what the row is then. Whether the
# foreign table shows the version or not. (053_recheck.pl has more of that.)

foreach my $table ('app.t', 'bare.t')
{
	reset_rows('app');
	my ($first, $second) = ($node->session, $node->session);
	my $pid = $second->pid;
	$first->send("BEGIN; UPDATE app.t SET n = n + 1 WHERE id = 1; SELECT 'done';");
	$first->wait_for(qr/done/);
	$second->send("UPDATE $table SET n = n + 1 WHERE note = 'old' AND id < 2;");
	ok(wait_for_lock($pid), "$table: rows that are found by a scan are locked");
	$first->send('COMMIT;');
	$first->finish;
	my (undef, $err) = $second->finish;
	is($err, '', 'a row that was changed since the scan is no error');
	is($node->sql('SELECT n FROM app.t WHERE id = 1'), '2', 'both changes are there');
}

# ---- Other clients of KalamDB

foreach my $case (
	[ 'a row changed', 'UPDATE app.t SET n = n + 1 WHERE id = 1', 'UPDATE other.t SET n = 7 WHERE id = 1', 'update' ],
	[ 'several rows changed', 'UPDATE app.t SET n = n + 1 WHERE id < 4', 'UPDATE other.t SET n = 7 WHERE id = 2', 'update' ],
	[ 'a row removed', 'DELETE FROM app.t WHERE id = 1', 'UPDATE other.t SET n = 7 WHERE id = 1', 'update' ],
	[ 'a row changed twice', 'UPDATE app.t SET n = 1 WHERE id = 1; UPDATE app.t SET n = 2 WHERE id = 1',
		'UPDATE other.t SET n = 7 WHERE id = 1', 'update' ],
	[ 'a row replaced', q{DELETE FROM app.t WHERE id = 1; INSERT INTO app.t VALUES (1, 1, 'mine')},
		'UPDATE other.t SET n = 7 WHERE id = 1', 'update' ],
	[ 'a row of a table without the version', 'UPDATE bare.t SET n = n + 1 WHERE id = 1', 'UPDATE other.t SET n = 7 WHERE id = 1',
		'update' ],
	[ 'rows of a table without the version', q{DELETE FROM bare.t WHERE note = 'old'}, 'UPDATE other.t SET n = 7 WHERE id = 4',
		'update' ],
	[ 'a row of a join', 'UPDATE bare.t t SET n = b.n + 1 FROM (SELECT * FROM bare.t OFFSET 0) b WHERE b.id = t.id AND b.id < 3',
		'UPDATE other.t SET n = 7 WHERE id = 1', 'update' ],
	[ 'rows gone', 'UPDATE app.t SET n = n + 1 WHERE id < 4', 'DELETE FROM other.t WHERE id = 2', 'delete' ])
{
	my ($what, $own, $others, $kind) = @$case;
	reset_rows('app');
	my $session = $node->session;
	$session->send("BEGIN; $own; SELECT 'done';");
	$session->wait_for(qr/done/);
	$elsewhere->sql($others);
	my $rows = rows('app');
	$session->send('COMMIT;');
	my (undef, $err) = $session->finish;
	my $error = KalamNode::parse_error($err);
	is($error->{sqlstate}, '40001', "$what, by another client: COMMIT fails");
	is($error->{message}, "could not serialize access due to concurrent $kind", "$what: the message says why");
	is(rows('app'), $rows, "$what: the other's rows stay");
}

{
	reset_rows('app');
	my $session = $node->session;
	$session->send("BEGIN; UPDATE app.t SET n = n + 1 WHERE id = 1; SAVEPOINT s; UPDATE app.t SET n = 9 WHERE id = 2; ROLLBACK TO s; SELECT 'done';");
	$session->wait_for(qr/done/);
	$elsewhere->sql('UPDATE other.t SET n = 7 WHERE id = 2');
	$session->send('COMMIT;');
	my (undef, $err) = $session->finish;
	is($err, '', 'what was rolled back does not matter');
	is(rows('app'), "1|1|old\n2|7|old\n3|0|old\n4|0|old", 'both changes are stored');
}

# ---- More rows than a transaction has locks for

$node->sql(q{INSERT INTO app.t SELECT i, 0, 'many' FROM generate_series(101, 1300) i});
{
	my $session = $node->session;
	$session->send("BEGIN; UPDATE app.t SET n = 1 WHERE id > 100; SELECT 'done';");
	$session->wait_for(qr/done/);
	cmp_ok($node->sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), '<', 1200, 'the number of locks is bounded');
	$elsewhere->sql('UPDATE other.t SET n = 7 WHERE id = 700');
	$session->send('COMMIT;');
	my (undef, $err) = $session->finish;
	is(KalamNode::parse_error($err)->{sqlstate}, '40001', 'rows beyond the bound are compared as well');
	is($node->sql('UPDATE app.t SET n = 1 WHERE id > 100 RETURNING 1') =~ tr/1//, 1200, 'all rows are changed then');
	like($node->sql('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) UPDATE app.t SET n = 2 WHERE id > 100'), qr/^  Lookups: 256\n  Rows Not Locked: 944\n/m,
		'EXPLAIN ANALYZE tells how many rows were not locked');
}

# ---- PostgreSQL has no room for locks at all: sessions do not wait, but nothing is lost

{
	reset_rows('app');
	my ($filler, $first, $second) = map { $node->session } 1 .. 3;
	$_->pid for $first, $second;
	$filler->send('SELECT count(pg_advisory_lock(i)) FROM generate_series(1, 10000000) i;');
	$filler->wait_for(qr/out of shared memory/);
	$first->send("BEGIN; UPDATE app.t SET n = n + 1 WHERE id = 1; SELECT 'done';");
	$first->wait_for(qr/done/);
	$second->send("UPDATE app.t SET n = n + 1 WHERE id = 1; SELECT 'done too';");
	$second->wait_for(qr/done too/);
	$first->send('COMMIT;');
	my (undef, $err) = $first->finish;
	# A new session would have no room for its locks either.
	$filler->send("SELECT pg_advisory_unlock_all(); SELECT 'free';");
	$filler->wait_for(qr/free/);
	$_->finish for $filler, $second;
	is(KalamNode::parse_error($err)->{sqlstate}, '40001', 'what another session changed meanwhile is noticed');
	is($node->sql('SELECT n FROM app.t WHERE id = 1'), '1', 'the change of the other session stays');
}

# ---- A row is the same one through another database, another foreign server, another name of the host

{
	my $foreign_table = q{(id int, n int, note text) SERVER %s OPTIONS (namespace 'app', "table" 't')};
	$node->create_server('other_server', stub => $stub);
	$node->sql('CREATE SCHEMA other; CREATE FOREIGN TABLE other.t ' . sprintf($foreign_table, 'other_server'));
	$node->sql('CREATE DATABASE second');
	my $mapping = $stub->token eq '' ? '' : 'OPTIONS (auth_header ' . KalamNode::quote($stub->token) . ')';
	my ($host, $port) = map { KalamNode::quote($_) } $stub->host, $stub->port;
	my $named = $stub->host eq '127.0.0.1' ? q{'localhost'} : $host;
	$node->safe_psql('second',
		"SET client_min_messages = error; CREATE EXTENSION pg_kalam;
		 CREATE SERVER far FOREIGN DATA WRAPPER pg_kalam OPTIONS (host $named, port $port);
		 CREATE USER MAPPING FOR PUBLIC SERVER far $mapping;
		 CREATE SCHEMA other; CREATE FOREIGN TABLE other.t " . sprintf($foreign_table, 'far'));

	foreach my $case (
		[ 'another foreign server', 'postgres', 'UPDATE other.t SET n = n + 1 WHERE id = 1', '2' ],
		[ 'another database, which calls the host by another name', 'second', 'UPDATE other.t SET n = n + 1 WHERE id = 1', '2' ],
		[ 'DELETE in another database', 'second', 'DELETE FROM other.t WHERE id = 1', '' ],
		[ 'FOR UPDATE in another database', 'second', 'SELECT n FROM other.t WHERE id = 1 FOR UPDATE', '1' ])
	{
		my ($way, $database, $statement, $n) = @$case;
		reset_rows('app');
		my ($first, $second) = ($node->session, $node->session($database));
		my $pid = $second->pid;
		$first->send("BEGIN; UPDATE app.t SET n = n + 1 WHERE id = 1; SELECT 'done';");
		$first->wait_for(qr/done/);
		$second->send("$statement;");
		ok(wait_for_lock($pid), "$way: the second session waits for the first");
		$first->send('COMMIT;');
		is(join('', map { ($_->finish)[1] } $first, $second), '', "$way: neither session fails");
		is($node->sql('SELECT n FROM app.t WHERE id = 1'), $n, "$way: no change is lost");
	}
}

# ---- Rows of a parent: an ordinary row that others have changed is joined again, with the rows of KalamDB as they were

{
	reset_rows('app');
	$node->sql(
		q{CREATE TABLE heap.par (id int, n int, note text);
		  ALTER TABLE app.t INHERIT heap.par;
		  INSERT INTO heap.par VALUES (10, 0, 'here')});
	foreach my $case (
		[ 'UPDATE', 'UPDATE heap.par SET n = par.n + 1 FROM heap.par k WHERE k.id = 1 AND par.id = 10 RETURNING par.n, k.id, k.tableoid::regclass, k.note', '2|1|app.t|old' ],
		[ 'FOR UPDATE', 'SELECT p.n, k.id, k.tableoid::regclass FROM ONLY heap.par p JOIN heap.par k ON k.id = 2 WHERE p.id = 10 FOR UPDATE OF p', '3|2|app.t' ],
		[ 'DELETE', q{DELETE FROM heap.par USING heap.par k WHERE k.tableoid = 'app.t'::regclass AND k.id = 3 AND par.id = 10 RETURNING par.n, k.id}, '4|3' ])
	{
		my ($what, $statement, $row) = @$case;
		my ($first, $second) = ($node->session, $node->session);
		my $pid = $second->pid;
		$first->send("BEGIN; UPDATE ONLY heap.par SET n = n + 1; SELECT 'done';");
		$first->wait_for(qr/done/);
		$second->send("$statement;");
		ok(wait_for_lock($pid), "$what of an ordinary row waits for who has changed it");
		$first->send('COMMIT;');
		$first->finish;
		my ($out, $err) = $second->finish;
		$out =~ s/pid=\d+\n//;
		is("$out$err", "$row\n", "$what sees the new row, beside rows of KalamDB that know their table");
	}
	is(rows('app'), "1|0|old\n2|0|old\n3|0|old\n4|0|old", 'the rows of KalamDB stay as they are');
	$node->sql('ALTER TABLE app.t NO INHERIT heap.par');
}

# ---- Nobody else's rows are meant by the same names

SKIP:
{
	skip 'needs stubs', 3 if $stub->is_server;
	reset_rows('app');
	my $impostor = KalamStub->new;
	$node->create_server('impostor', stub => $impostor);
	$node->create_server('stranger', stub => $stub);
	$node->sql(
		q{CREATE SCHEMA theirs;
		  SELECT kalam_exec('impostor', 'CREATE NAMESPACE app');
		  SELECT kalam_exec('impostor', 'CREATE TABLE app.t (id INT PRIMARY KEY, n INT, note TEXT) WITH (TYPE = ''SHARED'')');
		  CREATE FOREIGN TABLE theirs.t (id int, n int, note text) SERVER impostor OPTIONS (namespace 'app', "table" 't');
		  INSERT INTO theirs.t VALUES (1, 0, 'theirs');
		  CREATE FOREIGN TABLE theirs.named (id int, n int, note text) SERVER stranger OPTIONS (namespace 'app', "table" 't');
		  ALTER USER MAPPING FOR PUBLIC SERVER stranger OPTIONS (SET auth_header 'Bearer of-nobody');});
	my $session = $node->session;
	$session->send("BEGIN; SELECT n FROM theirs.t WHERE id = 1 FOR UPDATE; SELECT 'done';");
	$session->wait_for(qr/done/);
	is($node->sql(q{SET lock_timeout = '10s'; UPDATE app.t SET n = 1 WHERE id = 1 RETURNING n}), '1',
		'a lock of the same table and key on another server keeps nobody out');
	$session->send("ROLLBACK; BEGIN; SELECT n FROM theirs.named WHERE id = 1 FOR UPDATE; SELECT 'over';");
	$session->wait_for(qr/over|aborted/);
	is($node->sql(q{SET lock_timeout = '10s'; UPDATE app.t SET n = 2 WHERE id = 1 RETURNING n}), '2',
		'a lock through a server that does not accept the credentials keeps nobody out');
	my (undef, $err) = $session->finish;
	like($err, qr/refused the credentials/, 'that server has told nothing');
}

# ---- What pg_locks shows

{
	my $tag = q{SELECT database, classid, objid, objsubid FROM pg_locks WHERE locktype = 'advisory'};
	my @tags = map { $_->sql("BEGIN; " . ($_ == $node ? 'UPDATE app.t' : 'UPDATE other.t') . " SET n = 3 WHERE id = 2; $tag; ROLLBACK") } $node, $elsewhere;
	like($_, qr/^0\|\d+\|\d+\|19265$/, 'a lock is of no database, and says no more than a hash') foreach @tags;
	isnt($tags[0], $tags[1], 'the hash is another one in another cluster, so nobody can compute it from the key');
}

# ---- What it costs: a change by key outside of a block asks nothing more

$stub->forget_calls;
$node->sql('UPDATE app.t SET n = 3 WHERE id = 1');
SKIP:
{
	$stub->need_calls(1);
	is(scalar(my @scans = $stub->calls('Scan')), 1, 'an UPDATE by key looks its row up once');
	$stub->forget_calls;
	$node->sql('UPDATE app.t SET n = 3 WHERE id IN (1, 2, 3)');
	is(scalar(@scans = $stub->calls('Scan')), 3, 'an UPDATE by several keys looks each row up once');
	$stub->forget_calls;
	$node->sql('BEGIN; UPDATE app.t SET n = 3 WHERE id IN (1, 2, 3); COMMIT');
	is(scalar(@scans = $stub->calls('Scan')), 6, 'in a block, which others may have used to change them, each is looked up again');
}

KalamNode::finish();
