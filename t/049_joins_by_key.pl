# Joins by key look the keys of many rows up at once: random joins have the same rows as those of ordinary tables, only
# what is needed is looked up, and a failing or silent server ends them as it ends a scan.
# KALAM_RANDOM=SEED:COUNT runs others, and more of them.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my ($seed, $count) = ($ENV{KALAM_RANDOM} // '1:100') =~ /^(\d+):(\d+)$/ or die "KALAM_RANDOM is not SEED:COUNT";
my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
srand $seed;

sub pick { return $_[ int rand @_ ]; }

# ---- The same tables twice: in schema remote those that are looked up are KalamDB's, in schema local all are ordinary.
for my $schema (qw(remote local))
{
	my $using = $schema eq 'remote' ? 'USING kalamdb' : '';
	$node->sql(
		qq{CREATE SCHEMA $schema;
		   CREATE TABLE $schema.n (v text, id bigint PRIMARY KEY, g int) $using;
		   CREATE TABLE $schema.s (code text PRIMARY KEY, id int, g smallint) $using;
		   CREATE TABLE $schema.o (no int, k int, k8 bigint, k2 smallint, code text, g int);
		   INSERT INTO $schema.n SELECT CASE i % 5 WHEN 0 THEN NULL ELSE 'v' || i % 20 END, i, i % 7 FROM generate_series(-5, 60) i;
		   INSERT INTO $schema.s SELECT 'k' || i, i, i % 3 FROM generate_series(0, 40) i;
		   INSERT INTO $schema.s VALUES ('', 100, NULL), ('K1', 101, 1);
		   INSERT INTO $schema.o SELECT i, CASE i % 6 WHEN 0 THEN NULL ELSE i * 7 % 70 - 3 END, i * i % 90, i % 50,
		     CASE i % 8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'K1' ELSE 'k' || i * 3 % 50 END, i % 7
		     FROM generate_series(1, 160) i;
		   ANALYZE $schema.o;});
}

# [the table that is looked up, its key, types of values that may be compared with it]
my %key = (n => 'id', s => 'code');
my %values = (
	n => [ 'o.k', 'o.k8', 'o.k2', 'o.k + 1', 'coalesce(o.k, o.g)', 'nullif(o.g, 3)' ],
	s => [ 'o.code', 'lower(o.code)', q{'k' || o.g}, 'nullif(o.code, \'K1\')' ]);
my @filters = (
	'INNER_.g < o.g', 'INNER_.g = o.g', 'INNER_.g IS NULL', 'o.g > 2', 'INNER_.g <> 1', 'o.no % 3 = INNER_.g % 3',
	'o.code IS NOT NULL', 'INNER_.id > 10', 'INNER_.g::text < o.code');

sub random_filters
{
	my ($alias, $most) = @_;
	return join '', map { ' AND ' . pick(@filters) =~ s/INNER_/$alias/gr } 1 .. int rand($most + 1);
}

# A query whose rows do not depend on the plan. The first join is by the key of a KalamDB table.
sub random_query
{
	my $table = pick('n', 'n', 's');
	my $on = "a.$key{$table} = " . pick(@{ $values{$table} }) . random_filters('a', 2);
	my $second = '';
	$second = pick('JOIN', 'LEFT JOIN') . ' n b ON b.id = ' . pick('a.g', 'a.id', 'o.k8') . random_filters('b', 1) if rand() < 0.3;
	my $shape = pick(qw(inner left semi anti nulls in correlated lateral grouped));
	my $where = rand() < 0.3 ? ' WHERE ' . pick('o.g <> 4', 'o.no < 40', 'o.k > 10 OR o.code IS NULL') : '';
	my $outer = rand() < 0.2 ? '(SELECT * FROM o ORDER BY no DESC LIMIT 70) o' : 'o';
	return "SELECT o.no, a.* FROM $outer JOIN $table a ON $on $second$where" if $shape eq 'inner';
	return "SELECT o.*, a.g, a.id FROM $outer LEFT JOIN $table a ON $on $second$where" if $shape eq 'left';
	return "SELECT o.no FROM $outer WHERE EXISTS (SELECT FROM $table a WHERE $on)" if $shape eq 'semi';
	return "SELECT o.no FROM $outer WHERE NOT EXISTS (SELECT FROM $table a WHERE $on)" if $shape eq 'anti';
	return "SELECT o.no, a.g FROM $outer LEFT JOIN $table a ON $on WHERE a.id IS NULL" if $shape eq 'nulls';
	return "SELECT o.no FROM $outer WHERE k IN (SELECT id FROM n WHERE g <> 2)" if $shape eq 'in';
	return "SELECT x, (SELECT count(a.id) FROM $outer LEFT JOIN $table a ON $on AND a.g >= x) FROM generate_series(0, 4) x"
	  if $shape eq 'correlated';
	return "SELECT x, q.* FROM generate_series(0, 4) x, LATERAL (SELECT o.no, a.id FROM $outer JOIN $table a ON $on WHERE o.g > x OFFSET 0) q"
	  if $shape eq 'lateral';
	return "SELECT a.g, count(*), min(o.no) FROM $outer LEFT JOIN $table a ON $on GROUP BY a.g";
}

sub random_change
{
	my $id = int rand(70) - 5;
	return pick(
		"UPDATE n SET v = 'changed', g = 3 WHERE id = $id;", "DELETE FROM n WHERE id = $id;",
		"DELETE FROM n WHERE id = $id; INSERT INTO n VALUES ('new', $id, 1);",
		"UPDATE s SET g = 2 WHERE code = 'k" . int(rand 45) . q{';});
}

# Queries in transactions of which some have changes of their own, rolled back at the end.
sub random_script
{
	my $script = '';
	for my $number (1 .. $count)
	{
		$script .= "\\echo query $number\nBEGIN;\n";
		$script .= random_change() . "\n" for 1 .. (rand() < 0.4 ? int rand(4) : 0);
		$script .= 'SET LOCAL work_mem = ' . pick("'64kB'", "'4MB'") . ";\n";
		my $query = random_query();
		$script .= "SELECT q_::text FROM ($query) q_ ORDER BY 1;\nROLLBACK;\n";
	}
	return $script;
}

my $script = random_script();
my $file = "${PostgreSQL::Test::Utils::tmp_check}/joins_by_key.sql";
PostgreSQL::Test::Utils::append_to_file($file, $script);
my %answer;
for my $side (qw(local remote))
{
	my $answers = "$file.$side";
	my $settings = "SET search_path = $side, public; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;";
	system_log('sh', '-c', 'exec "$@" > "$0" 2>&1', $answers, 'psql', '-X', '-A', '-t', '-a', '-d', $node->connstr('postgres'), '-c', $settings, '-f', $file);
	$answer{$side} = slurp_file($answers) =~ s/^psql:\S+ |^SET search_path.*//mgr;
}
my (@expected, @got);
@expected = split /\n/, $answer{local};
@got      = split /\n/, $answer{remote};
like($answer{local}, qr/^query $count$/m, 'the script ran to its end');
unlike($answer{local}, qr/ERROR/, 'and has no query that fails');
my $line = 0;
$line++ while $line < @expected && $line < @got && $expected[$line] eq $got[$line];
my $from = $line < 12 ? 0 : $line - 12;
is($line == @expected && $line == @got ? '' : join("\n", "line $line", @expected[ $from .. $line - 1 ], 'PostgreSQL: ' . ($expected[$line] // 'nothing'), 'KalamDB: ' . ($got[$line] // 'nothing')),
	'', 'random joins by key have the rows that ordinary tables have');

# ---- Calls.
my $force = 'SET search_path = remote; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;';
my $join = 'SELECT o.no, n.v FROM o JOIN n ON n.id = o.k8';
like($node->sql("$force EXPLAIN $join"), qr/KalamDB Batched Join/, 'the join is one by key');
$node->sql("$force SELECT count(*) FROM n WHERE id = 1");
for my $case ([ "$join LIMIT 1", 1, 'LIMIT 1 looks one key up' ], [ "SELECT 1 WHERE EXISTS ($join)", 1, 'EXISTS looks one key up' ])
{
	my ($query, $lookups, $name) = @$case;
	$stub->forget_calls;
	$node->sql("$force $query");
	is(scalar $stub->calls('Scan'), $lookups, $name);
}
my $keys = $node->sql('SELECT count(DISTINCT k8) FROM remote.o');
$stub->forget_calls;
$node->sql("$force $join");
is(scalar $stub->calls('Scan'), $keys, 'each key is looked up once, and nothing else is read');

# ---- Ends.
my ($error) = $node->timed_out($stub, [ { method => 'Scan', call => 20, black_hole => JSON::PP::true } ], "$force $join");
is($error->{sqlstate}, '57014', 'a join that waits for a lookup can be left');
$stub->clear_faults;
$stub->fault({ method => 'Scan', call => 20, code => 'INTERNAL', message => 'disk is full' });
$error = $node->error("$force $join");
like($error->{text}, qr/disk is full/, 'a lookup that fails ends the join with its error');
$stub->clear_faults;
is($node->sql("$force SELECT count(*) FROM ($join) q"), $node->sql("$force SET search_path = local; SELECT count(*) FROM ($join) q"), 'and the next one has all rows');

KalamNode::finish();
