# Sessions in which the library is not loaded when they start, so that the statement that loads it goes by the hook that
# looks at others: rights hold there as well.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => "session_preload_libraries = ''\n");
$node->sql(
	q{LOAD 'pg_kalam';
	  CREATE ROLE dev; CREATE SCHEMA ten; CREATE SCHEMA dev; GRANT USAGE, CREATE ON SCHEMA dev TO dev;
	  GRANT USAGE ON FOREIGN SERVER kalam_server TO dev;
	  CREATE TABLE ten.pay (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO ten.pay VALUES (1, 'salary');
	  CREATE TABLE dev.made (id int PRIMARY KEY, v text) USING kalamdb; INSERT INTO dev.made VALUES (1, 'mine');
	  ALTER TABLE dev.made OWNER TO dev;});

sub as_dev
{
	my ($statements) = @_;
	return $node->outcome("SET ROLE dev; $statements");
}
my $shows = q{CREATE FOREIGN TABLE dev.pay (id int, v text) SERVER kalam_server
	OPTIONS (namespace 'ten', "table" 'pay', on_drop 'drop')};

my ($error, $out) = as_dev("$shows;");
is($error->{sqlstate}, '55000', q{on_drop 'drop' is not taken without looking whether KalamDB has the table});
like($error->{hint}, qr/^Add pg_kalam to session_preload_libraries .* the statement can be repeated\.$/, 'and says what to do');
KalamNode::expect_warning(qr/option "on_drop" of foreign table "pay" is set to "keep"/);
($error, $out) = as_dev("$shows; $shows; DROP FOREIGN TABLE dev.pay; SELECT 'dropped';");
is($out, 'dropped', 'repeated it is taken, as keep');
is($node->sql('SELECT v FROM ten.pay'), 'salary', 'and drops nothing in KalamDB');

($error, $out) = as_dev(q{ALTER FOREIGN TABLE dev.made OPTIONS (SET namespace 'ten', SET "table" 'pay');});
is($error->{sqlstate}, '55000', q{nor is an ALTER of a table that has it});
is($node->sql('SELECT v FROM dev.made'), 'mine', 'the table stays what it was');
$node->sql(q{ALTER FOREIGN TABLE dev.made OPTIONS (SET on_drop 'keep')});
for my $options (q{SET namespace 'ten', SET "table" 'pay'}, q{DROP namespace, DROP "table"})
{
	($error, $out) = as_dev("ALTER FOREIGN TABLE dev.made OPTIONS ($options);");
	is($error->{sqlstate}, '42501', "ALTER ... OPTIONS ($options) takes the server's owner");
}
is($node->sql('SELECT v FROM dev.made'), 'mine', 'the table stays what it was');

$node->sql(q{ALTER SERVER kalam_server OPTIONS (ADD allowed_namespaces 'dev')});
($error, $out) = as_dev(
	q{CREATE FOREIGN TABLE dev.pay (id int, v text) SERVER kalam_server OPTIONS (namespace 'ten', "table" 'pay');});
is($error->{sqlstate}, '', 'a foreign table can be made without a look at the namespace');
$stub->forget_calls;
for my $statement ('SELECT * FROM dev.pay', 'INSERT INTO dev.pay VALUES (2)', 'DELETE FROM dev.pay', 'TRUNCATE dev.pay')
{
	($error, $out) = as_dev("$statement;");
	is($error->{sqlstate}, '42501', "$statement: it cannot be used");
}
is(scalar $stub->calls, 0, 'and KalamDB is asked nothing');

KalamNode::finish();
