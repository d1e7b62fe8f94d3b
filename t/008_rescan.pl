# A plan node that runs more than once in a statement fetches the table once, and sees the same rows each time.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace('app');
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE SCHEMA app;
	  SET kalam.user_id = 'u';
	  CREATE TABLE app.t (id int PRIMARY KEY, v int) USING kalamdb;
	  CREATE TABLE app.notes (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  CREATE TABLE copy AS SELECT i AS id, i % 7 AS v FROM generate_series(1, 50) i;
	  INSERT INTO app.t SELECT * FROM copy;
	  INSERT INTO app.notes SELECT * FROM copy;
	  CREATE TABLE l AS SELECT i AS v FROM generate_series(0, 6) i});

# Runs the query on the KalamDB table, where it must cost so many scans, and on the local copy.
sub rescans
{
	my ($name, $scans, $query, $settings) = @_;
	$settings = "SET kalam.user_id = 'u'; " . ($settings // '');
	for my $table ('app.t', 'app.notes')
	{
		my ($remote, $local) = ("$settings $query", "$settings $query");
		$remote =~ s/TABLE_/$table/g;
		$local  =~ s/TABLE_/copy/g;
		$stub->forget_calls;
		my $got = $node->sql($remote);
		SKIP:
		{
			$stub->need_calls(1);
			is(scalar $stub->calls('Scan'), $scans, "$name, $table: the statement takes $scans scans");
		}
		is($got, $node->sql($local), "$name, $table: the rows are those of an ordinary table");
	}
	return;
}

my $correlated = 'SELECT v, (SELECT count(*) FROM TABLE_ k WHERE k.v = l.v) FROM l ORDER BY v';
rescans('a correlated subquery', 1, $correlated);
rescans('another in a transaction that has written', 1,
	'SELECT v, (SELECT sum(id) FROM TABLE_ k WHERE k.v >= l.v) FROM l ORDER BY v',
	'SET kalam.check_keys = commit; BEGIN; INSERT INTO TABLE_ VALUES (51, 3);');
rescans('EXISTS', 1, 'SELECT v FROM l WHERE EXISTS (SELECT 1 FROM TABLE_ k WHERE k.v + 0 > l.v) ORDER BY v',
	'SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off;');
rescans('a nested loop', 1, 'SELECT l.v, k.id FROM l JOIN TABLE_ k ON k.v > l.v ORDER BY 1, 2',
	'SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off;');
rescans('LATERAL with LIMIT', 1,
	'SELECT l.v, k.id FROM l, LATERAL (SELECT id FROM TABLE_ k WHERE k.v > l.v ORDER BY id LIMIT 2) k ORDER BY 1, 2');
rescans('a list of keys that is answered by a scan', 1,
	'SELECT v, (SELECT count(*) FROM TABLE_ k WHERE k.id = ANY (ARRAY(SELECT i + l.v FROM generate_series(1, 1100) i))) FROM l ORDER BY v');

# Rows that somebody else writes in the middle of the statement are seen by all of its runs, or by none.
$node->sql(
	q{CREATE FUNCTION add_row(n int) RETURNS int LANGUAGE sql VOLATILE AS $$
	    SELECT n FROM (SELECT kalam_exec('INSERT INTO app.t (id, v) VALUES (' || 1000 + n || ', 0)') OFFSET 0) q $$});
is( $node->sql(
		'SELECT count(DISTINCT n) FROM (SELECT add_row(v), (SELECT count(*) FROM app.t k WHERE k.id > -l.v) AS n FROM l) q'),
	'1',
	'a statement sees one state of the table');
is($node->sql('SELECT count(*) FROM app.t'), '57', 'the next statement sees the next state');

KalamNode::finish();
