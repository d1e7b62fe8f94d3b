# In one backend with extensions that bring large libraries along: C++ with exceptions (GEOS, GDAL, SFCGAL, Boost),
# other copies of gRPC, protobuf and Arrow (Python's), the JIT compiler; and with those that hook the same places.
# tests/beside/run sees to it that all of them are there.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $target = $stub->host . ':' . $stub->port;
my $wheels = $ENV{KALAM_WHEELS};

# python NAME BODY: a function of a bigint in PL/Python.
sub python
{
	my ($name, $body) = @_;
	return "CREATE OR REPLACE FUNCTION $name(id bigint) RETURNS text LANGUAGE plpython3u AS \$python\$\n$body\$python\$;";
}

# A call by Python's gRPC to the same server, which answers that there is no such method.
my $call = <<"PYTHON";
import grpc
with grpc.insecure_channel('$target') as channel:
    try:
        channel.unary_unary('/kalamdb.pg.PgService/NoSuchMethod')(b'', timeout=60)
    except grpc.RpcError as error:
        return error.code().name
PYTHON
my $message = <<'PYTHON';
from google.protobuf import timestamp_pb2
from google.protobuf.internal import api_implementation
assert api_implementation.Type() == 'cpp', api_implementation.Type()
return len(timestamp_pb2.Timestamp(seconds=id).SerializeToString())
PYTHON
my $arrow = <<'PYTHON';
import pyarrow
import pyarrow.flight
import pyarrow.compute
sink = pyarrow.BufferOutputStream()
batch = pyarrow.record_batch([pyarrow.array([id, id])], names=['id'])
with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
    writer.write_batch(batch)
with pyarrow.ipc.open_stream(sink.getvalue()) as reader:
    table = reader.read_all()
return pyarrow.compute.sum(table['id']).as_py()
PYTHON
# Arrow's own gRPC calls the stub.
my $flight = <<"PYTHON";
import pyarrow.flight
with pyarrow.flight.connect('grpc://$target') as client:
    try:
        list(client.list_flights())
    except NotImplementedError as error:
        return 'UNIMPLEMENTED'
PYTHON
my $from_wheels = defined $wheels ? "import sys\nsys.path.insert(0, '$wheels')\n" : '';

# expression: of columns id and name; rows: what it is for (1, tea) and (2, bread); library: what it loads; fails: a
# query that it refuses, with its own words.
my @modules = (
	{ name => 'postgis', expression => 'round(ST_Area(ST_Buffer(ST_MakePoint(id, 0), id))::numeric, 1)', rows => "3.1\n12.5",
	  library => 'libgeos', fails => q{SELECT ST_GeomFromText('POINT(1')}, words => qr/parse error/ },
	{ name => 'postgis_raster', expression => 'ST_Width(ST_MakeEmptyRaster(id::int, 1, 0, 0, 1))', rows => "1\n2",
	  library => 'libgdal' },
	{ name => 'postgis_sfcgal', expression => 'ST_NumGeometries(ST_Tesselate(ST_MakeEnvelope(0, 0, id, 1)))', rows => "2\n2",
	  library => 'libSFCGAL' },
	{ name => 'pgrouting', library => 'libpgrouting', rows => "1\n2",
	  expression => q{(SELECT max(agg_cost) FROM pgr_dijkstra(format('SELECT 1 AS id, 1 AS source, 2 AS target, %s::float AS cost', i.id), 1, 2))} },
	{ name => 'ogr_fdw', expression => 'cardinality(ogr_fdw_drivers()) > id', rows => "t\nt", library => 'ogr_fdw\.so' },
	{ name => 'hll', expression => 'hll_cardinality(hll_add(hll_empty(), hll_hash_bigint(id)))', rows => "1\n1",
	  library => 'hll\.so' },
	{ name => 'orafce', expression => q{oracle.substr(name, 1, id::int)}, rows => "t\nbr", library => 'orafce\.so' },
	{ name => 'python_grpc', extension => 'plpython3u', expression => 'python_grpc(id)', library => 'cygrpc',
	  rows => "UNIMPLEMENTED\nUNIMPLEMENTED", setup => python('python_grpc', $call) },
	{ name => 'python_protobuf', extension => 'plpython3u', expression => 'python_protobuf(id)', library => 'libprotobuf\.so',
	  rows => "2\n2", setup => python('python_protobuf', $message) });
push @modules, (
	{ name => 'wheel_grpc', extension => 'plpython3u', expression => 'wheel_grpc(id)', library => 'cygrpc',
	  rows => "UNIMPLEMENTED\nUNIMPLEMENTED", setup => python('wheel_grpc', $from_wheels . $call) },
	{ name => 'wheel_arrow', extension => 'plpython3u', expression => 'wheel_arrow(id)', library => 'libarrow\.so',
	  rows => "2\n4", setup => python('wheel_arrow', $from_wheels . $arrow) },
	{ name => 'wheel_flight', extension => 'plpython3u', expression => 'wheel_flight(id)', library => 'libarrow_flight',
	  rows => "UNIMPLEMENTED\nUNIMPLEMENTED", setup => python('wheel_flight', $from_wheels . $flight) }) if defined $wheels;

my $node = KalamNode->new('libraries', stub => $stub);
my $table = 'libraries.items';
$node->sql("CREATE SCHEMA libraries; CREATE TABLE $table (id bigint PRIMARY KEY, name text, price numeric(10,2)) USING kalamdb");
$node->sql("INSERT INTO $table VALUES (1, 'tea', 4.20), (2, 'bread', 3.80)");
my $read = "SELECT sum(price) FROM $table";
my $write = "UPDATE $table SET price = price WHERE id = 1";
my $local = q{(VALUES (1::bigint, 'tea'), (2, 'bread'))};

# loaded PATTERN: a query for whether this backend has mapped such a file.
sub loaded { return "SELECT pg_read_file('/proc/self/maps') ~ '$_[0]'"; }

for my $module (@modules)
{
	my $name = $module->{name};
	my $extension = $module->{extension} // $name;
	my $alone = "SELECT $module->{expression} FROM $local i(id, name)";
	my $both = "SELECT $module->{expression} FROM $table i ORDER BY id";
	my $rows = $module->{rows};
	$node->sql("SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS $extension CASCADE; " . ($module->{setup} // ''));

	{
		local $ENV{PGOPTIONS} = '-c session_preload_libraries=';
		is( $node->sql(join ';', loaded('pg_kalam\.so'), $alone, loaded($module->{library}), $read, loaded('pg_kalam\.so'), $both, $write, $alone, $read),
			"f\n$rows\nt\n8.00\nt\n$rows\n$rows\n8.00", "$name is loaded first, then pg_kalam");
	}
	is( $node->sql(join ';', loaded($module->{library}), $read, $alone, loaded($module->{library}), $both, $write, $read, $alone),
		"f\n8.00\n$rows\nt\n$rows\n8.00\n$rows", "pg_kalam is loaded first, then $name");

	next if !$module->{fails};
	my ($code, $out, $err) = $node->psql('postgres',
		join(';', $read, $module->{fails}, $read, "INSERT INTO $table (id) VALUES (1)", $both, $read), on_error_stop => 0);
	is($out, "8.00\n8.00\n$rows\n8.00", "both go on after errors of $name and of KalamDB");
	like($err, $module->{words}, "the library's own words");
	like($err, qr/duplicate key value/, "and KalamDB's");
}

# ---- All of them, there and back
my @all = map { "SELECT $_->{expression} FROM $table i ORDER BY id" } @modules;
my $wanted = join "\n", map { $_->{rows} } @modules;
is($node->sql(join ';', @all, $write, $read), "$wanted\n8.00", 'all in one session');
is($node->sql(join ';', (map { ($_, $read) } reverse @all), $write),
	join("\n", map { "$_->{rows}\n8.00" } reverse @modules), 'all in one session, backwards');

# ---- JIT: LLVM compiles the expressions over KalamDB's rows
my $jit = 'SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0';
is($node->sql("$jit; SELECT upper(name) || price * 2 FROM $table WHERE price > 4 OR name LIKE '%z%'"), 'TEA8.40', 'with JIT');
like($node->sql("$jit; EXPLAIN ANALYZE SELECT upper(name) FROM $table WHERE price > 4 OR name LIKE '%z%'"),
	qr/JIT:.*Functions: [1-9]/s, 'JIT was used');

# ---- Modules that the postmaster loads, and hook planner, executor and utility statements, as pg_kalam does
my @hooks = qw(pg_stat_statements pgaudit set_user pg_qualstats pg_stat_kcache pg_wait_sampling plpgsql_check);
my @extensions = qw(pg_stat_statements pgaudit set_user pg_qualstats pg_stat_kcache pg_wait_sampling plpgsql_check hypopg);
my %orders = (before => join(', ', 'pg_kalam', @hooks), after => join(', ', @hooks, 'pg_kalam'));
for my $order (sort keys %orders)
{
	my $hooked = KalamNode->new("hooks_$order", stub => $stub,
		conf => "shared_preload_libraries = '$orders{$order}'\n"
		  . "pgaudit.log = 'all'\npg_qualstats.sample_rate = 1\n");
	$hooked->sql("SET client_min_messages = error; CREATE EXTENSION $_") for @extensions;
	my $items = "hooks_$order.items";
	$hooked->sql("CREATE SCHEMA hooks_$order; CREATE TABLE $items (id bigint PRIMARY KEY, name text) USING kalamdb");
	is($hooked->sql("INSERT INTO $items SELECT g, 'item ' || g FROM generate_series(1, 5) g;
		UPDATE $items SET name = 'x' WHERE id < 3; DELETE FROM $items WHERE id = 5;
		SELECT count(*), count(*) FILTER (WHERE name = 'x') FROM $items"), '4|2', "pg_kalam $order: each change was made once");
	is($hooked->sql("SELECT name FROM $items WHERE name = 'item 4'; SELECT execution_count > 0 FROM pg_qualstats LIMIT 1"), "item 4\nt",
		"pg_kalam $order: pg_qualstats saw a filter");
	is($hooked->sql("SELECT count(*) > 0 FROM pg_stat_kcache_detail WHERE query LIKE 'INSERT INTO $items%'"), 't',
		"pg_kalam $order: pg_stat_kcache saw the INSERT");
	$hooked->sql("CREATE ROLE reader; GRANT USAGE ON SCHEMA hooks_$order TO reader; GRANT SELECT ON $items TO reader");
	is($hooked->sql("SELECT set_user('reader'); SELECT current_user, count(*) FROM $items; SELECT reset_user()"),
		"OK\nreader|4\nOK", "pg_kalam $order: set_user");
	is($hooked->sql("CREATE FUNCTION items_of() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM $items); END';
		SELECT count(*) FROM plpgsql_check_function('items_of()'); SELECT items_of()"), "0\n4",
		"pg_kalam $order: plpgsql_check and the function");
	like($hooked->sql("SELECT hypopg_create_index('CREATE INDEX ON pg_class (relpages)'); EXPLAIN SELECT * FROM $items WHERE id = 1"),
		qr/Foreign Scan/, "pg_kalam $order: hypopg");
	$hooked->sql("DROP TABLE $items; DROP SCHEMA hooks_$order");
	my $log = slurp_file($hooked->logfile);
	like($log, qr/AUDIT: SESSION,\d+,\d+,DDL,CREATE FOREIGN TABLE,[^\n]*CREATE TABLE \Q$items\E/, "pg_kalam $order: pgaudit tells of CREATE TABLE");
	like($log, qr/AUDIT: SESSION,\d+,\d+,WRITE,UPDATE,[^\n]*UPDATE \Q$items\E/, "pg_kalam $order: and of UPDATE");
	like($log, qr/AUDIT: SESSION,\d+,\d+,DDL,DROP (?:FOREIGN )?TABLE,/, "pg_kalam $order: and of DROP TABLE");
}

is($node->sql($read), '8.00', 'nothing was lost');
KalamNode::finish();
