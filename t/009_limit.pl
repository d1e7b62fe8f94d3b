# The limit that a KalamDB server has by itself: it reads the oldest 100,000 unflushed versions of a table. 006_complete.pl
# looks closer, with a limit of 100 that only a stub has.
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
	  CREATE TABLE app.t (id int PRIMARY KEY, v int) USING kalamdb;
	  CREATE TABLE app.mine (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');});

# So many rows fit one request.
sub fill
{
	my ($table, $first, $last) = @_;
	for (my $from = $first; $from <= $last; $from += 20_000)
	{
		my $to = $from + 19_999 < $last ? $from + 19_999 : $last;
		$node->sql("SET kalam.user_id = 'alice'; INSERT INTO app.$table SELECT i, i FROM generate_series($from, $to) i");
	}
	return;
}

# ---- Below the limit
fill('t', 1, 96_000);
is($node->sql('SELECT count(*), sum(v::bigint) FROM app.t'), '96000|4608048000', 'all rows are read without a flush');

# ---- Old values, and deleted rows that come back
$node->sql('UPDATE app.t SET v = -v WHERE id <= 4000');
$node->sql('DELETE FROM app.t WHERE id > 94000');
my $error = $node->error('SET kalam.auto_flush = off; SELECT count(*), sum(v::bigint) FROM app.t');
is($error->{sqlstate}, '55000', 'more versions than the server reads are an error without auto_flush');
is($error->{message}, 'cannot read all rows of KalamDB table "app.t"', 'the message names the table');
is($node->sql('SET kalam.auto_flush = off; SELECT v FROM app.t WHERE id = 4000'), '-4000', 'a lookup of a key works without a flush');
is($node->sql('SET kalam.auto_flush = off; SELECT count(*) FROM app.t WHERE id IN (93999, 94000, 94001)'), '2', 'a lookup of three keys works without a flush');
my $left = '94000|4402043000';
my ($code, $out, $notice) = $node->psql('postgres', 'SELECT count(*), sum(v::bigint) FROM app.t');
is($out, $left, 'the table is flushed and read again');
like($notice, qr/NOTICE: +flushing KalamDB table "app\.t"/, 'a NOTICE names the flushed table');

# ---- Missing rows
fill('t', 200_001, 320_000);
is($node->sql('SELECT count(*) FROM app.t WHERE id > 200000'), '120000', 'rows that the server does not read by itself are read after a flush');
is($node->sql('SELECT count(*), sum(v::bigint) FROM app.t WHERE id < 200000'), $left, 'the other rows are as they were');

# ---- A user's rows
fill('mine', 1, 60_000);
my $as_alice = q{SET kalam.user_id = 'alice';};
is($node->error("$as_alice SET kalam.auto_flush = off; SELECT count(*) FROM app.mine")->{sqlstate}, '55000',
	'an answer of more than half the limit is an error for a user table');
is($node->sql("$as_alice SELECT count(*), sum(v) FROM app.mine"), '60000|1800030000', 'the user table is flushed and read again');

KalamNode::finish();
