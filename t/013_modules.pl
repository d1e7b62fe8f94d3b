# Beside the modules that most servers preload: pg_stat_statements and auto_explain hook the same places.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

# Not every installation of PostgreSQL has the contrib modules.
my $modules = `pg_config --pkglibdir`;
chomp $modules;
if (grep { !-e "$modules/$_.so" } qw(pg_stat_statements auto_explain))
{
	plan skip_all => 'pg_stat_statements and auto_explain are not installed';
}

my $stub = KalamStub->new;
my @orders = (
	[ 'modules_before', 'pg_kalam, pg_stat_statements, auto_explain' ],
	[ 'modules_after', 'pg_stat_statements, auto_explain, pg_kalam' ]);

# Hooks call each other in the reverse order of loading, so both orders count.
for my $order (@orders)
{
	my ($name, $libraries) = @$order;
	my $schema = $stub->unique_name($name);
	my $node = KalamNode->new(
		$name,
		stub => $stub,
		conf => "shared_preload_libraries = '$libraries'\n"
		  . "auto_explain.log_min_duration = 0\nauto_explain.log_analyze = on\nauto_explain.log_verbose = on\n"
		  . "pg_stat_statements.track = all\n");
	$node->sql("CREATE EXTENSION pg_stat_statements; CREATE SCHEMA $schema");

	my $create = "CREATE TABLE $schema.items (id bigint PRIMARY KEY, name text) USING kalamdb WITH (type = 'shared')";
	$node->sql($create);
	is($node->sql("SELECT calls FROM pg_stat_statements WHERE query = '" . $create =~ s/'/''/gr . "'"),
		'1', "$name: CREATE TABLE is counted once, as the user wrote it");

	$node->sql("INSERT INTO $schema.items SELECT g, 'item ' || g FROM generate_series(1, 5) g");
	is($node->sql("SELECT calls, rows FROM pg_stat_statements WHERE query LIKE 'INSERT INTO $schema.items%'"),
		'1|5', "$name: INSERT is counted with its rows");
	is($node->sql("SELECT name FROM $schema.items WHERE id = 3"), 'item 3', "$name: a lookup returns the row");
	is($node->sql("SELECT name FROM $schema.items WHERE id = 4"), 'item 4', "$name: a lookup of another key returns the other row");
	is( $node->sql(
			"SELECT query, calls, rows FROM pg_stat_statements WHERE query LIKE 'SELECT name FROM $schema.items%'"),
		"SELECT name FROM $schema.items WHERE id = \$1|2|2", "$name: both lookups are one statement");
	is( $node->sql("WITH u AS (UPDATE $schema.items SET name = 'x' WHERE id <= 2 RETURNING id) SELECT * FROM u ORDER BY id"),
		"1\n2", "$name: UPDATE returns the changed rows");
	is($node->sql("DELETE FROM $schema.items WHERE id = 5 RETURNING id"), '5', "$name: DELETE returns the deleted row");
	is($node->sql("SELECT count(*), count(*) FILTER (WHERE name = 'x') FROM $schema.items"),
		'4|2', "$name: each was done once");
	like($node->sql("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) SELECT id FROM $schema.items"),
		qr/Foreign Scan.*rows=4/s, "$name: EXPLAIN ANALYZE shows the rows");

	my $log = slurp_file($node->logfile);
	like($log, qr/plan:\s+Query Text: SELECT name FROM \Q$schema\E\.items WHERE id = 3\s.*?Foreign Scan on \Q$schema\E\.items/s,
		"$name: auto_explain shows the scan");
	is($node->error("INSERT INTO $schema.items VALUES (1, 'again')")->{sqlstate}, '23505', "$name: errors have the same SQLSTATE");
	$node->sql("DROP TABLE $schema.items");
	is($node->sql("SELECT calls FROM pg_stat_statements WHERE query = 'DROP TABLE $schema.items'"),
		'1', "$name: DROP TABLE is counted once");
}

KalamNode::finish();
