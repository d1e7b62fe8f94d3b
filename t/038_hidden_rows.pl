# What a role may not see does not show otherwise: in errors, waits for locks, estimates, statistics; and nothing is asked
# of KalamDB for a role without rights, or by autovacuum.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => "autovacuum_naptime = 1s\nautovacuum = off\n");
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE ROLE mallory;
	  GRANT USAGE ON SCHEMA app TO mallory;
	  CREATE TABLE app.t (id text PRIMARY KEY, owner text, v int) USING kalamdb;
	  INSERT INTO app.t VALUES ('ssn-1', 'boss', 1), ('ssn-2', 'mallory', 2);
	  CREATE TABLE app.notes (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');
	  CREATE SCHEMA heap;
	  GRANT USAGE ON SCHEMA heap TO mallory;
	  CREATE TABLE heap.t (id text PRIMARY KEY, owner text, v int);
	  INSERT INTO heap.t VALUES ('ssn-1', 'boss', 1), ('ssn-2', 'mallory', 2);});

# ---- Keys in errors

# What a statement of mallory's says, who has these rights alone: SQLSTATE and all texts.
sub told
{
	my ($table, $rights, $sql) = @_;
	$node->sql("REVOKE ALL ON $table FROM mallory; GRANT $rights ON $table TO mallory");
	my ($error) = $node->outcome("SET ROLE mallory; $sql");
	return $error;
}

foreach my $case (
	[ 'INSERT of a key that exists', 'INSERT', q{INSERT INTO %s VALUES ('ssn-1', 'mallory', 1)} ],
	[ 'INSERT of one key twice', 'INSERT', q{BEGIN; INSERT INTO %s VALUES ('new', '', 1); INSERT INTO %s VALUES ('new', '', 1); COMMIT} ],
	[ 'an INSERT in a block', 'INSERT', q{BEGIN; INSERT INTO %s VALUES ('ssn-1', 'mallory', 1); INSERT INTO %s VALUES ('ssn-9', '', 1); COMMIT} ],
	[ 'a change of every key to one', 'UPDATE', q{UPDATE %s SET id = 'ssn-1'} ])
{
	my ($what, $right, $sql) = @$case;
	foreach my $rights ([ "$right", 0 ], [ "$right, SELECT (v)", 0 ], [ "$right, SELECT (id)", 1 ], [ "$right, SELECT", 1 ])
	{
		my ($list, $shown) = @$rights;
		my %error = map { $_ => told("$_.t", $list, $sql =~ s/%s/$_.t/gr) } 'app', 'heap';
		is($error{app}->{sqlstate}, '23505', "$what by a role that may $list fails");
		is($error{heap}->{sqlstate}, '23505', 'an ordinary table gives the same error');
		is($error{app}->{detail} ne '' ? 1 : 0, $shown, 'the DETAIL shows the key to a role that may read it');
		is($error{heap}->{detail} ne '' ? 1 : 0, $shown, 'the DETAIL of an ordinary table does so, too');
		unlike($error{app}->{text}, qr/ssn-|new/, 'no other text shows a hidden value') if !$shown;
	}
}

my $others = 100;
foreach my $case ([ 'UPDATE', q{UPDATE app.t SET v = 7}, 'update' ], [ 'DELETE', q{DELETE FROM app.t}, 'update' ])
{
	my ($right, $sql, $kind) = @$case;
	foreach my $rights ([ $right, qr/^A row of KalamDB table "app\.t" was changed/ ], [ "$right, SELECT", qr/^Key \(id\)=\(ssn-/ ])
	{
		my ($list, $detail) = @$rights;
		$node->sql("REVOKE ALL ON app.t FROM mallory; GRANT $list ON app.t TO mallory");
		my $session = $node->session;
		$session->send("SET ROLE mallory; BEGIN; $sql; SELECT 'done';");
		$session->wait_for(qr/done/);
		$node->sql(sprintf(q{SELECT kalam_exec('UPDATE app.t SET v = %d WHERE id = ''ssn-1''')}, ++$others));
		$session->send('COMMIT;');
		my (undef, $err) = $session->finish;
		my $error = KalamNode::parse_error($err);
		is($error->{sqlstate}, '40001', "COMMIT after another client's change fails for a role that may $list");
		like($error->{detail}, $detail, 'the DETAIL names a key for who may read it');
	}
}

# Keys of another user, written by a function that acts for that user.
{
	$node->sql(
		q{GRANT SELECT ON app.notes TO mallory;
		  SET kalam.user_id = 'alice';
		  INSERT INTO app.notes VALUES (1234, 'of alice');
		  CREATE FUNCTION app.touch() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET kalam.user_id = 'alice' AS $$
		  BEGIN UPDATE app.notes SET body = 'touched' WHERE body LIKE 'of%'; END $$;});
	my $session = $node->session;
	$session->send("SET kalam.user_id = 'mallory'; SET ROLE mallory; BEGIN; SELECT app.touch(); SELECT 'done';");
	$session->wait_for(qr/done/);
	$stub->fault({ method => 'Update', code => 'INTERNAL', message => q{Not found: Row with id=1234 (checked both hot and cold storage)} });
	$session->send('COMMIT;');
	my (undef, $err) = $session->finish;
	$stub->clear_faults;
	like($err, qr/ERROR/, 'the change that a function made for another user fails');
	unlike($err, qr/1234/, 'the key of that user does not show');
}

# A value that cannot be converted.
{
	$node->sql(
		q{CREATE FOREIGN TABLE app.wrong (id text, owner inet, v int) SERVER kalam_server OPTIONS (namespace 'app', "table" 't');
		  CREATE VIEW app.barrier_of_wrong WITH (security_barrier) AS SELECT * FROM app.wrong WHERE id = 'none' OR v < 0;
		  GRANT SELECT ON app.barrier_of_wrong TO mallory;
		  GRANT DELETE ON app.wrong TO mallory;});
	my $error = $node->error('SELECT * FROM app.wrong');
	is($error->{sqlstate}, '22P02', 'text that is no address in a column of addresses is an error');
	is($error->{message}, 'value of column "owner" of foreign table "wrong" is not valid for type inet', 'the message says where, and quotes no value');
	foreach my $sql ('SELECT * FROM app.barrier_of_wrong', 'SELECT * FROM app.wrong', 'BEGIN; DELETE FROM app.wrong; ROLLBACK')
	{
		($error) = $node->outcome("SET ROLE mallory; $sql");
		unlike($error->{text}, qr/"(boss|mallory)"|ssn/, "nothing of a hidden row shows: $sql");
	}
	($error) = $node->outcome('SET ROLE mallory; SELECT * FROM app.barrier_of_wrong');
	is($error->{sqlstate}, '22P02', 'the error on the hidden row is of the same class');
	is($error->{message}, 'could not convert a value of KalamDB table "app.t"', 'the error says where the value is');
}

# ---- Hidden rows and locks

{
	$node->sql(
		q{REVOKE ALL ON app.t FROM mallory;
		  CREATE VIEW app.own WITH (security_barrier) AS SELECT * FROM app.t WHERE owner = current_user;
		  CREATE VIEW heap.own WITH (security_barrier) AS SELECT * FROM heap.t WHERE owner = current_user;
		  GRANT SELECT, UPDATE, DELETE ON app.own, heap.own TO mallory;});
	my $boss = $node->session;
	$boss->send("BEGIN; UPDATE app.t SET v = 3 WHERE id = 'ssn-1'; UPDATE heap.t SET v = 3 WHERE id = 'ssn-1'; SELECT 'done';");
	$boss->wait_for(qr/done/);
	foreach my $schema ('app', 'heap')
	{
		foreach my $sql (q{UPDATE %s.own SET v = 9 WHERE id = 'ssn-1' RETURNING 1}, q{DELETE FROM %s.own WHERE id = 'ssn-1' RETURNING 1})
		{
			my ($error, $out) = $node->outcome("SET ROLE mallory; SET lock_timeout = '10s'; " . sprintf($sql, $schema));
			is("$error->{text}$out", '', "$schema: a hidden row that is locked is not waited for");
		}
	}
	foreach my $clause ('FOR UPDATE', 'FOR UPDATE NOWAIT', 'FOR SHARE SKIP LOCKED')
	{
		foreach my $key ('ssn-1', 'ssn-2', 'nothing')
		{
			my ($got, $expected) = map { my ($error, $out) = $node->outcome("SET ROLE mallory; SET lock_timeout = '10s'; SELECT v FROM $_.own WHERE id = '$key' $clause"); "$error->{sqlstate}$out" } qw(app heap);
			is($got, $expected, "$clause of $key through a barrier does as an ordinary table: a hidden row is not there, and nobody waits for it");
		}
	}
	is($node->sql(q{SET ROLE mallory; UPDATE app.own SET v = 9 WHERE id = 'ssn-2' RETURNING v}), '9', 'a row that is seen can be changed');
	$boss->send('ROLLBACK;');
	$boss->finish;

	my $mallory = $node->session;
	$mallory->send("SET ROLE mallory; BEGIN; UPDATE app.own SET v = 9 WHERE id = 'ssn-1'; DELETE FROM app.own WHERE id = 'ssn-1'; SELECT 'done';");
	$mallory->wait_for(qr/done/);
	is($node->sql(q{SET lock_timeout = '10s'; UPDATE app.t SET v = 4 WHERE id = 'ssn-1' RETURNING v}), '4', 'a hidden row cannot be locked by changing it');
	$mallory->send('ROLLBACK;');
	$mallory->finish;
}

# ---- Rights come first

{
	$node->sql(
		q{CREATE VIEW app.secret AS SELECT * FROM app.t;
		  CREATE VIEW app.sums WITH (security_barrier) AS SELECT owner, sum(v) FROM app.t GROUP BY owner;
		  CREATE TABLE heap.par (id text, owner text, v int);
		  CREATE TABLE app.child (id text PRIMARY KEY, owner text, v int) USING kalamdb;
		  ALTER TABLE app.child INHERIT heap.par;});
	foreach my $sql (
		'SELECT * FROM app.t', 'EXPLAIN SELECT * FROM app.t', 'EXPLAIN SELECT id FROM app.t WHERE v = 1',
		'SELECT count(*) FROM app.secret', 'EXPLAIN SELECT * FROM app.sums', 'EXPLAIN SELECT * FROM heap.par',
		'EXPLAIN UPDATE app.t SET v = 1', 'EXPLAIN DELETE FROM app.t', 'EXPLAIN INSERT INTO app.t (id) VALUES (1)',
		'EXPLAIN DELETE FROM heap.par', 'EXPLAIN SELECT * FROM heap.own, app.t', 'WITH x AS (SELECT * FROM app.t) SELECT 1 FROM x',
		'EXPLAIN SELECT 1 WHERE EXISTS (SELECT * FROM app.t)')
	{
		$stub->forget_calls;
		my ($error) = $node->outcome("SET ROLE mallory; $sql");
		is($error->{sqlstate}, '42501', "refused: $sql");
		is(scalar(my @calls = $stub->calls), 0, 'the refused statement asks KalamDB nothing');
	}
}

# ---- Estimates

{
	$node->sql(q{SET kalam.user_id = 'bob'; INSERT INTO app.notes SELECT i, 'of bob' FROM generate_series(1, 77) i});
	my $plans = $node->sql(
		q{PREPARE q AS SELECT * FROM app.notes;
		  SET kalam.user_id = 'bob';
		  SELECT count(*) FROM app.notes;
		  EXPLAIN SELECT * FROM app.notes;
		  EXPLAIN EXECUTE q;
		  SET kalam.user_id = 'carol';
		  EXPLAIN SELECT * FROM app.notes;
		  EXPLAIN EXECUTE q;});
	like($plans, qr/^77\n/, 'bob counts his rows');
	unlike($plans, qr/rows=77/, 'no plan tells carol how many rows bob has');
}

# ---- Statistics

{
	KalamNode::expect_warning(qr/rows of KalamDB table "notes" are left out of the statistics/);
	$node->sql(
		q{CREATE TABLE heap.general (id int, body text);
		  ALTER TABLE app.notes INHERIT heap.general;
		  INSERT INTO heap.general SELECT i, 'general' FROM generate_series(1, 100) i;});
	$stub->forget_calls;
	my ($code, $out, $err) = $node->psql('postgres', q{ANALYZE heap.general; SELECT most_common_vals FROM pg_stats WHERE tablename = 'general' AND attname = 'body' AND inherited});
	is($code, 0, 'ANALYZE works on a parent of a user table without a user');
	is($out, '{general}', 'ANALYZE makes statistics of the other rows');
	like($err, qr/WARNING:  rows of KalamDB table "notes" are left out of the statistics/, 'a WARNING names the table that is left out');
	is(scalar(my @scans = $stub->calls('Scan')), 0, 'ANALYZE does not read the user table');
	$node->sql(q{SET kalam.user_id = 'bob'; ANALYZE heap.general; ANALYZE app.notes});
	is($node->sql(q{SELECT count(*) FROM pg_stats WHERE most_common_vals::text || histogram_bounds::text LIKE '%of bob%' OR tablename = 'notes'}),
		'0', "the statistics hold no values of a user when there is one");

	$stub->forget_calls;
	$node->sql(
		q{ALTER TABLE heap.par SET (autovacuum_analyze_threshold = 1);
		  ALTER TABLE heap.general SET (autovacuum_analyze_threshold = 1);
		  INSERT INTO heap.par SELECT i, 'x', i FROM generate_series(1, 1000) i;
		  INSERT INTO heap.general SELECT i, 'x' FROM generate_series(1, 1000) i;
		  ALTER SYSTEM SET autovacuum = on;
		  SELECT pg_reload_conf();});
	$stub->forget_calls;
	ok($node->poll_query_until('postgres', q{SELECT bool_and(autoanalyze_count > 0) FROM pg_stat_user_tables WHERE relname IN ('par', 'general')}),
		'autovacuum analyzes the parents of KalamDB tables');
	is(scalar(my @calls = $stub->calls), 0, 'autovacuum asks KalamDB nothing');
}

# ---- Parallel workers

{
	$node->sql(
		q{CREATE TABLE heap.many AS SELECT 'ssn-' || (i % 2 + 1) AS id FROM generate_series(1, 200) i;
		  ALTER TABLE heap.many SET (parallel_workers = 2);
		  CREATE FUNCTION app.v_of(text) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RETURN (SELECT v FROM app.t WHERE id = $1); END $$;});
	my $settings = 'SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET parallel_leader_participation = off;';
	my $query = 'SELECT count(*) FROM heap.many WHERE app.v_of(id) = 50';
	like($node->sql("$settings EXPLAIN $query"), qr/Workers Planned/, 'the function runs in workers');
	is($node->sql("UPDATE app.t SET v = 50 WHERE id = 'ssn-1'; $settings $query"), '100', 'workers may read KalamDB tables');
	my ($error, $out) = $node->outcome("$settings BEGIN; UPDATE app.t SET v = 50; $query; ROLLBACK; $query; BEGIN; $query; COMMIT");
	is($error->{sqlstate}, '25000', 'workers may not read KalamDB tables after the transaction has changed some');
	like($error->{message}, qr/cannot access KalamDB tables in a parallel worker/, 'the error names the reason');
	is($out, "100\n100", 'workers may read KalamDB tables again after the end of the transaction');
	is($node->sql("$settings BEGIN; UPDATE app.t SET v = 50; SET max_parallel_workers_per_gather = 0; $query; ROLLBACK"), '200', 'the leader reads the changes');
	is($node->sql("$settings BEGIN; UPDATE app.t SET v = 50; SELECT count(*) FROM heap.many m, app.t WHERE t.id = m.id AND t.v = 50; ROLLBACK"), '200',
		'the leader reads its changes beside workers that do not read KalamDB tables');
	is($node->error('SET kalam.leader_has_changes = off')->{sqlstate}, '55P02', 'nobody can set what tells the workers');
}

KalamNode::finish();
