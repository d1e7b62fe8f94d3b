# A database that version 0.1.0 made, with this library: before ALTER EXTENSION UPDATE, after it, and restored from a dump.
# data/dump_0.1.0.sql was written by pg_dump with the library 0.1.0; its tables have the column _seq, which was added then.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $dump = slurp_file("$FindBin::RealBin/data/dump_0.1.0.sql");

sub foreign_tables
{
	my ($text) = @_;
	return join "\n", $text =~ /^(CREATE FOREIGN TABLE .*?^\);|ALTER FOREIGN TABLE ONLY .*?;|ALTER FOREIGN TABLE \S+ ALTER COLUMN .*?^\);)$/msg;
}

sub dump_of
{
	my ($node) = @_;
	my ($out, $messages) = ('', '');
	my $ok = IPC::Run::run([ 'pg_dump', '--no-owner', '-n', 'old', '-n', 'old_imported', '-d', $node->connstr('postgres') ],
		'>', \$out, '2>', \$messages);
	ok($ok, 'pg_dump succeeds') or diag($messages);
	# Whoever makes a table in KalamDB is recorded, which the version that wrote the old dump did not do.
	$out =~ s/^ +made_by '\d+\/\d+',\n//mg;
	return foreign_tables($out);
}

# Statements of every kind, for tables that hold nothing. All but the stream are empty again after it.
sub tables_work
{
	my ($node, $when) = @_;
	my $sql = sub { my ($statements, $rows, $what) = @_; is($node->sql($statements), $rows, "$when: $what"); };
	$sql->(q{
		INSERT INTO old.products (id, cost, code) VALUES (1, 9.99, 'x') RETURNING name, doubled;
		INSERT INTO old.copied (id) VALUES (1);
		INSERT INTO old.orders (product) VALUES (1);
		INSERT INTO old.ticket (what) VALUES ('a ticket');
		INSERT INTO old.second_name VALUES (1, 'w')}, 'unnamed|42', 'INSERT fills in defaults');
	$sql->('UPDATE old.products SET cost = 8.5 WHERE id = 1 RETURNING cost', '8.50', 'UPDATE returns the new value');
	$sql->('SELECT id, name, cost, added IS NOT NULL, doubled, _seq > 0 FROM old.products', '1|unnamed|8.50|t|42|t', 'SELECT returns the row');
	$sql->('SELECT id, _seq > 0 FROM old.versions', '1|t', '$when: a view shows the version');
	$sql->('SELECT count(id), count(n), count(_seq) FROM old.orders', '1|1|1', '$when: columns of SERIAL and IDENTITY are filled');
	$sql->('SELECT w FROM old.second_name', 'w', 'a renamed table shows its renamed column');
	$sql->(q{SELECT label FROM old.shown UNION ALL SELECT name FROM old_imported.products}, "unnamed\nunnamed", 'attached and imported tables show the row');
	$sql->(q{SET kalam.user_id = 'ann'; INSERT INTO old.notes (id, body) VALUES (1, 'hers'); SELECT * FROM old.mine;
		SELECT body, _userid, _seq > 0 FROM old.notes}, "ann|1|hers\nhers|ann|t", 'a user table shows the row of its user');
	$sql->(q{SET kalam.user_id = 'ann'; INSERT INTO old.events VALUES (1, 'e'); SELECT DISTINCT id, body, _seq > 0 FROM old.events},
		'1|e|t', 'a stream table shows its row');
	$sql->(q{INSERT INTO old.parts VALUES (1, 'far'), (2, 'near'); SELECT * FROM old.parts ORDER BY id}, "1|far\n2|near",
		'a partition takes its rows');
	$sql->('COPY old.products TO STDOUT', "1\tunnamed\t8.50\t" . $node->sql('SELECT added FROM old.products') . "\t\\N\tx", 'COPY writes the row');
	is($node->error(q{INSERT INTO old.products (id, code) VALUES (2, '')})->{sqlstate}, '23514', "$when: a constraint refuses a row");
	$sql->(q{CREATE TABLE old.likeness (LIKE old.products INCLUDING ALL) USING kalamdb; INSERT INTO old.likeness (id) VALUES (7);
		SELECT name FROM old.likeness; DROP TABLE old.likeness}, 'unnamed', 'LIKE copies the table');
	$sql->(q{ALTER FOREIGN TABLE old.made ADD COLUMN extra int; INSERT INTO old.made (id, extra) VALUES (1, 2);
		SELECT extra FROM old.made; ALTER FOREIGN TABLE old.made DROP COLUMN extra}, '2', 'a column can be added and dropped');
	$sql->(q{SET kalam.user_id = 'ann'; DELETE FROM old.products; DELETE FROM old.copied; DELETE FROM old.orders; DELETE FROM old.ticket;
		DELETE FROM old.second_name; DELETE FROM old.parts; DELETE FROM old.made; DELETE FROM old.notes;
		SELECT count(*) FROM old.products}, '0', 'DELETE removes all rows');
	return;
}

my $version = sub { return $_[0]->sql(q{SELECT extversion FROM pg_extension WHERE extname = 'pg_kalam'}) };

my $node = KalamNode->new('old', stub => $stub, bare => 1);
$node->sql(q{CREATE EXTENSION pg_kalam VERSION '0.1.0'});
$node->create_server('kalam_server', stub => $stub);
# It was renamed in PostgreSQL, and a dump says so too late for a table that is not there.
$node->sql(q{SELECT kalam_exec('CREATE NAMESPACE old'); SELECT kalam_exec('CREATE TABLE old.first_name (id INT PRIMARY KEY, v TEXT)')});
$node->sql($dump);
is($version->($node), '0.1.0', 'the extension has the old version');
tables_work($node, 'objects of 0.1.0');
is(dump_of($node), foreign_tables($dump), 'a dump has the tables as they were');
$node->sql('ALTER EXTENSION pg_kalam UPDATE');
is($version->($node), $node->sql('SELECT kalam_version()'), 'ALTER EXTENSION UPDATE: the version is that of the library');
tables_work($node, 'after the update');
is(dump_of($node), foreign_tables($dump), 'a dump has the tables as they were after the update, too');
$node->sql(q{INSERT INTO old.products (id) VALUES (5)});

# ---- Statistics that show one user's rows

{
	my $upgraded = KalamNode->new('statistics', stub => $stub, bare => 1);
	KalamNode::expect_warning(qr/left out of the statistics/);
	$upgraded->sql(q{CREATE EXTENSION pg_kalam VERSION '0.1.0'});
	$upgraded->create_server('kalam_server', stub => $stub);
	$upgraded->sql(
		q{CREATE SCHEMA stat;
		  CREATE TABLE public.par (id int, body text);
		  CREATE STATISTICS public.pairs (mcv) ON id, body FROM public.par;
		  INSERT INTO public.par SELECT i % 5, i % 5 FROM generate_series(1, 100) i;
		  CREATE TABLE stat.notes (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');
		  CREATE TABLE stat.shared (id int PRIMARY KEY, body text) USING kalamdb;
		  INSERT INTO stat.shared SELECT i, i FROM generate_series(1, 100) i;
		  ALTER TABLE stat.notes INHERIT public.par;
		  ANALYZE public.par, stat.shared;
		  -- As version 0.1.0 made them.
		  UPDATE pg_class SET reltuples = 100 WHERE oid = 'stat.notes'::regclass;
		  DO $$ BEGIN
		    EXECUTE format('INSERT INTO pg_statistic SELECT %s, %s FROM pg_statistic WHERE starelid = %s AND NOT stainherit',
		      'stat.notes'::regclass::oid,
		      (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'pg_statistic'::regclass AND attnum > 1),
		      'public.par'::regclass::oid);
		  END $$;});
	my $statistics = sub {
		return $upgraded->sql(
			q{SELECT starelid::regclass, stainherit, count(*) FROM pg_statistic WHERE starelid >= 16384 GROUP BY 1, 2 ORDER BY 1, 2;
			  SELECT stxdinherit FROM pg_statistic_ext_data ORDER BY 1;
			  SELECT relname, reltuples FROM pg_class WHERE relname IN ('notes', 'shared', 'par') ORDER BY 1});
	};
	is($statistics->(), "par|f|2\npar|t|2\nstat.notes|f|2\nstat.shared|f|2\nf\nt\nnotes|100\npar|100\nshared|100",
		'there are statistics of a user table and of its parent');
	$upgraded->sql('ALTER EXTENSION pg_kalam UPDATE');
	is($statistics->(), "par|f|2\nstat.shared|f|2\nf\nnotes|-1\npar|100\nshared|100", 'the update removes them, and no others');
	$upgraded->sql('SET client_min_messages = error; DROP SCHEMA stat CASCADE; DROP TABLE public.par');
}

my $restored = KalamNode->new('restored', stub => $stub);
is($version->($restored), $restored->sql('SELECT kalam_version()'), 'CREATE EXTENSION takes the new version');
$restored->sql($dump);
is($restored->sql('SELECT id, _seq > 0 FROM old.products'), '5|t', 'the old dump shows the rows');
$restored->sql('DELETE FROM old.products');
tables_work($restored, 'restored from the dump');
is(dump_of($restored), foreign_tables($dump), 'a dump of the restored tables has them as they were');
$node->sql('SET client_min_messages = error; DROP SCHEMA old_imported CASCADE; DROP SCHEMA old CASCADE');
is($node->sql(q{SELECT kalam_exec('SELECT table_name FROM system.tables WHERE namespace_id = ''old''')}), '"0 row(s)"',
	'DROP SCHEMA drops what 0.1.0 had made');

KalamNode::finish();
