# A statement, a block and a transaction happen wholly or not at all. Scripts run twice, on a KalamDB table and on a heap,
# and must show the same rows and errors; then both tables must hold the same.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('remote');
my $node = KalamNode->new('main', stub => $stub);

my $columns = q{(id int PRIMARY KEY, v text NOT NULL CHECK (v <> 'bad'), n int DEFAULT 7)};
$node->sql(
	qq{CREATE SCHEMA remote;
	   CREATE SCHEMA heap;
	   CREATE TABLE remote.t $columns USING kalamdb;
	   CREATE TABLE heap.t $columns;
	   CREATE TABLE remote.u $columns USING kalamdb;
	   CREATE TABLE heap.u $columns;
	   CREATE TABLE remote.note (id int PRIMARY KEY, v text);
	   CREATE TABLE heap.note (id int PRIMARY KEY, v text);});

# Numbers of fields in errors differ in nothing but names of schemas and KalamDB's wording.
sub run_in
{
	my ($schema, $sql) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSET search_path = $schema;\n$sql",
		on_error_stop => 0);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return "$out\n$err";
}

sub rows_in
{
	my ($schema) = @_;
	return $node->sql(
		"SELECT 't', id, v, n FROM $schema.t UNION ALL SELECT 'u', id, v, n FROM $schema.u
		 UNION ALL SELECT 'note', id, v, 0 FROM $schema.note ORDER BY 1, 2");
}

sub reset_all
{
	for my $schema ('remote', 'heap')
	{
		$node->sql(
			"DELETE FROM $schema.note; DELETE FROM $schema.t; DELETE FROM $schema.u; DELETE FROM $schema.note;
			 INSERT INTO $schema.t SELECT i, 'row ' || i, i FROM generate_series(1, 10) i");
	}
	$stub->forget_calls;
	return;
}

# A KalamDB server does not count.
sub writes { return $stub->is_server ? 0 : scalar grep { $_->{method} =~ /Insert|Update|Delete|Transaction/ } $stub->calls }

# Runs it in both; returns what both showed.
sub same
{
	my ($name, $sql, %args) = @_;
	reset_all();
	my $remote = run_in('remote', $sql);
	is(writes(), 0, "$name: nothing was sent") if $args{unsent};
	my $heap = run_in('heap', $sql);
	is($remote, $heap, "$name: the rows and errors are those of an ordinary table");
	is(rows_in('remote'), rows_in('heap'), "$name: the rows afterwards are those of an ordinary table");
	return $remote;
}

# ---- One statement
like(same('INSERT with a duplicate', q{INSERT INTO t VALUES (20, 'a'), (21, 'b'), (5, 'c'), (22, 'd');}),
	qr/23505/, 'a duplicate key is an error');
like(same('INSERT of a key twice', q{INSERT INTO t VALUES (20, 'a'), (20, 'b');}, unsent => 1),
	qr/23505/, 'a duplicate key within one statement is an error too');
same('INSERT that fails in the middle', q{INSERT INTO t SELECT i, 'x', 1 / (i - 25) FROM generate_series(20, 30) i;},
	unsent => 1);
same('INSERT of NULL', q{INSERT INTO t VALUES (20, 'a'), (21, NULL);}, unsent => 1);
same('INSERT against CHECK', q{INSERT INTO t VALUES (20, 'a'), (21, 'bad');}, unsent => 1);
same('UPDATE that fails in the middle', q{UPDATE t SET n = 1 / (id - 7);}, unsent => 1);
same('UPDATE to NULL', q{UPDATE t SET v = CASE WHEN id < 9 THEN 'x' END;}, unsent => 1);
same('UPDATE against CHECK', q{UPDATE t SET v = CASE id WHEN 9 THEN 'bad' ELSE 'x' END;}, unsent => 1);
same('UPDATE of keys onto others', q{UPDATE t SET id = id + 5 WHERE id <= 5;});
same('UPDATE of keys onto new ones', q{WITH moved AS (UPDATE t SET id = id + 100 RETURNING id) SELECT * FROM moved ORDER BY id;});
same('DELETE that fails in the middle', q{DELETE FROM t WHERE 1 / (id - 7) < 5;}, unsent => 1);
same('COPY with an error in its last line', "COPY t (id, v, n) FROM STDIN;\n20\ta\t1\n21\tb\t2\n22\tc\tx\n\\.\n", unsent => 1);
same('COPY with a row too short', "COPY t (id, v) FROM STDIN;\n20\ta\n21\n\\.\n", unsent => 1);
same('COPY against CHECK', "COPY t (id, v) FROM STDIN;\n20\ta\n21\tbad\n\\.\n", unsent => 1);
same('COPY with a duplicate', "COPY t (id, v) FROM STDIN;\n20\ta\n3\tb\n\\.\n");
same('COPY', "COPY t (id, v) FROM STDIN;\n20\ta\t1\n21\tb\t2\n\\.\nSELECT count(*) FROM t;");
same('INSERT, UPDATE and DELETE in one statement',
	q{WITH gone AS (DELETE FROM t WHERE id < 4 RETURNING id, v), more AS (INSERT INTO t SELECT id + 50, v FROM t RETURNING id)
	  UPDATE t SET n = n + (SELECT count(*) FROM gone) + (SELECT count(*) FROM more) WHERE id > 8;
	  SELECT id, v, n FROM t ORDER BY id;});
same('UPDATE from the table itself', q{UPDATE t SET n = (SELECT sum(n) FROM t s WHERE s.id <= t.id); SELECT id, n FROM t ORDER BY id;});
same('INSERT from the table itself', q{INSERT INTO t SELECT id + 10, v, n FROM t; INSERT INTO t SELECT id + 20, v FROM t;});
same('DELETE with a subquery over the table', q{DELETE FROM t WHERE id IN (SELECT id + 1 FROM t WHERE id % 2 = 0);});

# ---- Rows that go away between the statement and COMMIT: by another client, who knows nothing of the session's locks
my $elsewhere = KalamNode->new('elsewhere', stub => $stub);
$elsewhere->sql(
	q{CREATE SCHEMA other;
	  CREATE FOREIGN TABLE other.t (id int, v text NOT NULL, n int) SERVER kalam_server OPTIONS (namespace 'remote', "table" 't');});
sub in_between
{
	my ($name, $change, $meanwhile, $left) = @_;
	reset_all();
	my $session = $node->session;
	$session->send("BEGIN; $change; SELECT 'changed';");
	$session->wait_for(qr/changed/);
	$elsewhere->sql($meanwhile);
	$session->send('COMMIT;');
	my (undef, $text) = $session->finish;
	is(KalamNode::parse_error($text)->{sqlstate}, '40001', "$name: the row that is gone stays gone");
	is($node->sql('SELECT string_agg(id || v, $$ $$ ORDER BY id) FROM remote.t WHERE id < 5'), $left,
		"$name: the other rows are as they were");
	return;
}
my $three = '1row 1 3row 3 4row 4';
in_between('UPDATE of one row', q{UPDATE remote.t SET v = 'x' WHERE id = 2}, 'DELETE FROM other.t WHERE id = 2', $three);
in_between('UPDATE of rows', q{UPDATE remote.t SET v = 'x'}, 'DELETE FROM other.t WHERE id = 2', $three);
in_between('DELETE of one row', q{DELETE FROM remote.t WHERE id = 2}, 'DELETE FROM other.t WHERE id = 2', $three);
in_between('DELETE of rows', q{DELETE FROM remote.t WHERE id < 9}, 'DELETE FROM other.t WHERE id = 2', $three);
in_between('all kinds', q{INSERT INTO remote.t VALUES (0, 'new'); DELETE FROM remote.t WHERE id = 2; UPDATE remote.t SET v = 'x' WHERE id = 3},
	'DELETE FROM other.t WHERE id = 2', $three);

# ---- Blocks
same('a block that is rolled back', q{BEGIN; INSERT INTO t VALUES (20, 'a'); DELETE FROM t WHERE id < 5; UPDATE t SET n = 0; ROLLBACK; SELECT count(*), sum(n) FROM t;},
	unsent => 1);
same('a block that failed', q{BEGIN; INSERT INTO t VALUES (20, 'a'); SELECT 1/0; INSERT INTO t VALUES (21, 'b'); COMMIT; SELECT count(*) FROM t;},
	unsent => 1);
same('a key that comes and goes',
	q{BEGIN; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (3, 'again'); UPDATE t SET n = 33 WHERE id = 3; DELETE FROM t WHERE id = 3;
	  INSERT INTO t VALUES (3, 'third', NULL); INSERT INTO t VALUES (20, 'x'); DELETE FROM t WHERE id = 20; SELECT id, v, n FROM t ORDER BY id; COMMIT;});
same('two tables', q{BEGIN; INSERT INTO u SELECT id, v, n FROM t; DELETE FROM t WHERE id IN (SELECT id FROM u WHERE n > 5); UPDATE u SET v = 'u'; COMMIT;});
same('two tables of which one has a duplicate', q{INSERT INTO u VALUES (1, 'there'); BEGIN; INSERT INTO t VALUES (20, 'a'); INSERT INTO u VALUES (2, 'b'); UPDATE t SET n = 0; COMMIT;});
like(same('a duplicate found at COMMIT', q{BEGIN; DELETE FROM t WHERE id = 1; INSERT INTO u VALUES (1, 'u'); COMMIT;
	  BEGIN; UPDATE t SET n = 0; SELECT count(*) FROM u; COMMIT;}), qr/^1$/m, 'only the number of rows is asked for');

# ---- Subtransactions
my $deep = 'BEGIN;';
for my $i (1 .. 100)
{
	$deep .= "SAVEPOINT s$i; INSERT INTO t VALUES (100 + $i, 's'); UPDATE t SET n = n + $i WHERE id = 5;";
	$deep .= "DELETE FROM t WHERE id = 100 + $i - 3;" if $i % 3 == 0;
}
my $sum = 'SELECT count(*), sum(n), sum(id) FROM t;';
same('savepoints 100 deep, kept', "$deep $sum COMMIT;");
same('savepoints 100 deep, half of them undone', "$deep $sum ROLLBACK TO s50; $sum INSERT INTO t VALUES (150, 'again'); COMMIT; $sum");
same('savepoints undone one by one', $deep . join('', map { "ROLLBACK TO s$_; $sum" } reverse 1 .. 100) . 'COMMIT;', unsent => 1);
same('savepoints released', $deep . join('', map { "RELEASE s$_;" } reverse 1 .. 100) . "ROLLBACK; $sum", unsent => 1);
same('savepoints mixed', "$deep RELEASE s90; ROLLBACK TO s80; SAVEPOINT s80; INSERT INTO t VALUES (180, 'x'); RELEASE s70; ROLLBACK TO s60; $sum COMMIT;");
same('exception blocks in a loop',
	q{DO $$ BEGIN
	    FOR i IN 1 .. 60 LOOP
	      BEGIN
	        INSERT INTO t VALUES (1000 + i, 'loop');
	        UPDATE t SET n = n + 1 WHERE id = 5;
	        IF i % 3 = 0 THEN PERFORM 1/0; END IF;
	        BEGIN
	          DELETE FROM t WHERE id = 1000 + i - 1;
	          IF i % 4 = 0 THEN RAISE EXCEPTION 'inner'; END IF;
	        EXCEPTION WHEN raise_exception THEN
	          INSERT INTO t VALUES (2000 + i, 'inner');
	        END;
	      EXCEPTION WHEN division_by_zero THEN
	        INSERT INTO note VALUES (i, 'failed');
	      END;
	    END LOOP;
	  END $$;
	  SELECT id, v, n FROM t ORDER BY id;});
same('exception blocks around keys of the own transaction',
	q{DO $$ BEGIN
	    INSERT INTO t VALUES (20, 'first');
	    FOR i IN 15 .. 25 LOOP
	      BEGIN INSERT INTO t VALUES (i, 'second'); EXCEPTION WHEN unique_violation THEN INSERT INTO note VALUES (i, 'twice'); END;
	    END LOOP;
	  END $$;});
same('procedures that commit and roll back',
	q{DO $$ BEGIN
	    FOR i IN 1 .. 20 LOOP
	      INSERT INTO t VALUES (100 + i, 'x'); UPDATE t SET n = n + 1 WHERE id = 1;
	      IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
	    END LOOP;
	  END $$;});

# ---- Cursors
same('a cursor sees what was there when it was opened',
	q{BEGIN; INSERT INTO t VALUES (20, 'a'); DECLARE c CURSOR FOR SELECT id, n FROM t ORDER BY id; FETCH 2 FROM c;
	  DELETE FROM t WHERE id > 5; UPDATE t SET n = 0; INSERT INTO t VALUES (21, 'b'); FETCH ALL FROM c; SELECT id, n FROM t ORDER BY id; COMMIT;});
same('a cursor WITH HOLD outlives COMMIT',
	q{BEGIN; INSERT INTO t VALUES (20, 'a'); UPDATE t SET n = n * 2; DECLARE c CURSOR WITH HOLD FOR SELECT id, n FROM t ORDER BY id;
	  FETCH 3 FROM c; DELETE FROM t WHERE id < 9; COMMIT; FETCH ALL FROM c; SELECT id FROM t ORDER BY id; CLOSE c;});
same('a cursor WITH HOLD outside of a block', q{DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id; DELETE FROM t; FETCH ALL FROM c;});
same('a cursor that an error ends', q{BEGIN; DECLARE c CURSOR FOR SELECT 10 / (id - 5) FROM t ORDER BY id; FETCH ALL FROM c; ROLLBACK; SELECT count(*) FROM t;});
same('a cursor over a savepoint that is undone',
	q{BEGIN; SAVEPOINT a; INSERT INTO t VALUES (20, 'a'); DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id; FETCH 1 FROM c; ROLLBACK TO a;
	  INSERT INTO t VALUES (21, 'b'); FETCH ALL FROM c; COMMIT; SELECT max(id) FROM t;});
same('a cursor that is older than a savepoint',
	q{BEGIN; INSERT INTO t VALUES (20, 'a'); DECLARE c SCROLL CURSOR FOR SELECT id, v FROM t ORDER BY id; FETCH 2 FROM c; SAVEPOINT a;
	  UPDATE t SET v = 'new'; INSERT INTO t VALUES (22, 'x'); ROLLBACK TO a; INSERT INTO t VALUES (21, 'b'); FETCH ALL FROM c; FETCH FIRST FROM c; COMMIT;});

# ---- Triggers
for my $schema ('remote', 'heap')
{
	$node->sql(
		qq{SET search_path = $schema;
		   CREATE FUNCTION $schema.to_t() RETURNS trigger LANGUAGE plpgsql SET search_path = $schema AS \$\$ BEGIN
		     IF NEW.v = 'fail' THEN RAISE EXCEPTION 'refused'; END IF;
		     INSERT INTO t VALUES (NEW.id + 500, NEW.v);
		     UPDATE t SET n = n + 1 WHERE id = 1;
		     RETURN NEW;
		   END \$\$;
		   CREATE FUNCTION $schema.to_note() RETURNS trigger LANGUAGE plpgsql SET search_path = $schema AS \$\$ BEGIN
		     INSERT INTO note VALUES (COALESCE(NEW.id, OLD.id) + 10000, TG_OP || ' ' || COALESCE(OLD.v, '-') || ' ' || COALESCE(NEW.v, '-'));
		     RETURN NULL;
		   END \$\$;
		   CREATE CONSTRAINT TRIGGER late AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
		     WHEN (NEW.id BETWEEN 100 AND 199) EXECUTE FUNCTION to_t();
		   CREATE TRIGGER early BEFORE INSERT ON note FOR EACH ROW WHEN (NEW.id BETWEEN 200 AND 299) EXECUTE FUNCTION to_t();
		   CREATE TRIGGER rows AFTER INSERT OR UPDATE OR DELETE ON u FOR EACH ROW EXECUTE FUNCTION to_note();});
}
same('a trigger writes to KalamDB', q{INSERT INTO note SELECT i, 'n' FROM generate_series(200, 205) i; SELECT count(*) FROM t;});
same('a trigger fails in the middle', q{INSERT INTO note SELECT i, CASE i WHEN 203 THEN 'fail' ELSE 'n' END FROM generate_series(200, 205) i;}, unsent => 1);
same('a deferred trigger writes to KalamDB at COMMIT', q{INSERT INTO note SELECT i, 'n' FROM generate_series(100, 105) i; SELECT count(*) FROM t;});
same('a deferred trigger of a block', q{BEGIN; INSERT INTO note VALUES (100, 'n'); UPDATE t SET n = 0; SELECT count(*) FROM t; COMMIT; SELECT count(*) FROM t;});
same('a deferred trigger fails at COMMIT', q{BEGIN; INSERT INTO t VALUES (30, 'a'); INSERT INTO note VALUES (100, 'n'), (101, 'fail'); COMMIT; SELECT count(*) FROM t;}, unsent => 1);
same('a deferred trigger writes a key that is stored', q{INSERT INTO t VALUES (600, 'there'); INSERT INTO note VALUES (101, 'n'), (100, 'n');});
same('a deferred trigger set immediate', q{BEGIN; INSERT INTO note VALUES (100, 'n'); SET CONSTRAINTS ALL IMMEDIATE; SELECT count(*) FROM t; ROLLBACK;}, unsent => 1);
same('triggers of a KalamDB table', q{INSERT INTO u VALUES (1, 'a'), (2, 'b'); UPDATE u SET v = 'x' WHERE id = 1; DELETE FROM u WHERE id = 2; SELECT * FROM note ORDER BY id;});
same('a trigger of a KalamDB table fails', q{INSERT INTO note VALUES (10002, 'there'); INSERT INTO u VALUES (1, 'a'), (2, 'b');}, unsent => 1);

# ---- A journal in a file
my $spilled = q{SET work_mem = '64kB'; BEGIN; INSERT INTO t SELECT i, repeat('x', i % 500), i FROM generate_series(100, 3000) i;
	UPDATE t SET v = v || 'y' WHERE id % 3 = 0; SAVEPOINT a; DELETE FROM t WHERE id % 5 = 0; UPDATE t SET n = -n WHERE id > 2000;
	SELECT count(*), sum(length(v)), sum(n) FROM t; ROLLBACK TO a; DELETE FROM t WHERE id % 7 = 0;
	INSERT INTO t SELECT i, repeat('z', 300) FROM generate_series(4000, 4400) i; SELECT count(*), sum(length(v)), sum(n) FROM t;};
same('a journal in a file, kept', "$spilled COMMIT; SELECT count(*), sum(length(v)), sum(n) FROM t;");
same('a journal in a file, undone', "$spilled ROLLBACK; SELECT count(*), sum(length(v)), sum(n) FROM t;", unsent => 1);
same('a cursor WITH HOLD over a journal in a file',
	"$spilled DECLARE c CURSOR WITH HOLD FOR SELECT count(*), sum(length(v)) FROM t; COMMIT; FETCH ALL FROM c;");
reset_all();
$node->sql($spilled =~ s{\bt\b}{remote.t}gr . " COMMIT;");
is($node->sql(q{SELECT count(*) FROM pg_ls_tmpdir()}), '0', 'no temporary file is left');

# ---- What is refused
reset_all();
like($node->error(q{MERGE INTO remote.t USING heap.t s ON s.id = t.id WHEN MATCHED THEN DELETE})->{sqlstate},
	qr/^(0A000|42809)$/, 'MERGE is refused');
is(writes(), 0, 'the refused statements sent nothing');

KalamNode::finish();
