# Answers of KalamDB's catalog: of wide tables, from servers that cut them off, and of any size that a server sends.
use strict;
use warnings;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--max-query-limit', '300', '--hot-version-cap', '50' ]);
my $node = KalamNode->new('catalog', stub => $stub);
$node->sql('CREATE SCHEMA app');

# ---- More columns than the server gives rows
my $columns = join ', ', map { "c$_ int" } 1 .. 1200;
$node->sql("CREATE TABLE app.wide (id int PRIMARY KEY, $columns) USING kalamdb");
$node->sql(q{INSERT INTO app.wide (id, c1, c1200) SELECT i, i, i FROM generate_series(1, 40) i});
is($node->sql('SELECT count(c1200), sum(c1200), count(c600) FROM app.wide'), '40|820|0', 'columns behind the first answer are read');

is( $node->sql(
		q{CREATE SCHEMA imported; IMPORT FOREIGN SCHEMA app FROM SERVER kalam_server INTO imported;
		 SELECT count(*) FROM pg_attribute WHERE attrelid = 'imported.wide'::regclass AND attnum > 0}),
	'1201', 'IMPORT FOREIGN SCHEMA reads columns behind the first answer too');

# ---- A narrow foreign table is judged as a wide one is: not by the columns that it shows
$node->sql(
	q{CREATE FOREIGN TABLE app.narrow (id int NOT NULL) SERVER kalam_server OPTIONS (namespace 'app', "table" 'wide');
	 INSERT INTO app.wide (id) SELECT i FROM generate_series(41, 120) i});
is($node->error('SET kalam.auto_flush = off; SELECT count(id) FROM app.narrow')->{sqlstate},
	'55000', 'a scan that the server cuts off fails');
is($node->sql('SELECT count(id) FROM app.narrow'), '120', 'a scan is complete when the table was flushed');

# ---- More than was asked for
$node->sql('CREATE TABLE app.items (id int PRIMARY KEY, v int) USING kalamdb; INSERT INTO app.items VALUES (1, 1)');
my $insert = 'INSERT INTO app.items VALUES (2, 2)';
$stub->fault({ method => 'ExecuteQuery', match => 'system.columns', repeat => 5000 });
my $error = $node->error('SELECT * FROM app.items');
is($error->{sqlstate}, '08P01', 'an answer of more rows than LIMIT says is refused');
like($error->{detail}, qr/more than 1000 rows/, 'the detail says what is wrong');
is($node->error($insert)->{sqlstate}, '08P01', 'such an answer is refused when rows are written, too');
is($node->error('CREATE SCHEMA again; IMPORT FOREIGN SCHEMA app FROM SERVER kalam_server INTO again')->{sqlstate},
	'08P01', 'such an answer is refused by IMPORT FOREIGN SCHEMA');
$stub->clear_faults;
$stub->fault({ method => 'ExecuteQuery', match => 'system.columns', repeat => 3 });
$error = $node->error('SELECT * FROM app.items');
is($error->{sqlstate}, '08P01', 'a column that comes twice is refused');
like($error->{message}, qr/has an unexpected form/, 'the message says that the answer has an unexpected form');
$stub->clear_faults;
$node->sql($insert);
is($node->sql('SELECT count(*) FROM app.items'), '2', 'the session goes on');

KalamNode::finish();
