# INSERT ... ON CONFLICT says and does the same for an ordinary table and for a KalamDB table: one script (data/upserts.sql),
# run on both, with a key that is called id and with another name. Then what only a KalamDB table has.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamScript;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
my $script = slurp_file('data/upserts.sql');
$node->sql('CREATE ROLE upsert_role');

# The tables of the script in a schema. Another order of columns in the partition than in its parent.
sub tables
{
	my ($schema, $key, $kind) = @_;
	my $using = $kind ? "USING kalamdb WITH (type = '$kind')" : '';
	my $columns = 'n int NOT NULL CONSTRAINT small CHECK (n < 1000), b text, g int GENERATED ALWAYS AS (n * 2) STORED';
	my $constraint = $kind ? "ALTER TABLE t ADD CONSTRAINT t_pkey CHECK ($key IS NOT NULL);" : '';
	my $unique = $kind ? '' : "ALTER TABLE p ADD PRIMARY KEY ($key);";
	return qq{CREATE SCHEMA $schema; SET search_path = $schema; SET kalam.user_id = 'upsert';
		CREATE TABLE t ($key int PRIMARY KEY, $columns, d text DEFAULT 'usual') $using; $constraint
		CREATE TABLE loose ($key text PRIMARY KEY, n int) $using;
		CREATE TABLE part (b text, n int, $key int PRIMARY KEY) $using;
		CREATE TABLE p ($key int NOT NULL, n int, b text) PARTITION BY RANGE ($key);
		ALTER TABLE p ATTACH PARTITION part FOR VALUES FROM (0) TO (1000); $unique};
}

sub answers
{
	my ($schema, $key, $kind) = @_;
	$node->sql(tables($schema, $key, $kind));
	# A transaction of the server takes new rows of tables whose key is called "id" alone; see docs/limits.md.
	my $settings = $kind ? "SET kalam.user_id = 'upsert'; SET kalam.write_mode = " . ($key eq 'id' ? 'atomic' : 'autocommit') . ';' : '';
	my $text = $script =~ s/\bKEY\b/$key/gr;
	return KalamScript::answers($node, "upsert_$schema", "\\set here $schema\nSET search_path = $schema;\n$settings\n$text", "-- DO NOTHING\n") =~ s/for foreign table/for table/gr;
}

for my $key (qw(id code))
{
	my $expected = answers("heap_$key", $key, '');
	cmp_ok(scalar(() = $expected =~ /^ERROR/mg), '>', 25, "$key: the script asks for what is refused, too");
	for my $kind (qw(shared user))
	{
		my $got = answers("${kind}_$key", $key, $kind);
		is(KalamScript::difference($expected =~ s/heap_$key/here/gr, $got =~ s/${kind}_$key/here/gr), '', "$kind table with key \"$key\": the same answers");
	}
}

KalamNode::finish();
