# snowflake_id() while the clock is set back under a running server, by libfaketime.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;

my ($faketime) = grep { -e } glob '/usr/lib/*/faketime/libfaketime.so.1 /usr/lib*/faketime/libfaketime.so.1';
plan skip_all => 'libfaketime is not installed' if !defined $faketime;
# Each waits for the other before the first statement of a program.
plan skip_all => 'libfaketime does not run beside AddressSanitizer' if ($ENV{LD_PRELOAD} // '') =~ /libasan/;

# Where the clock stands, as an offset. Looked at with every reading.
my $file = PostgreSQL::Test::Utils::tempdir() . '/offset';
sub set_clock
{
	my ($offset) = @_;
	open my $handle, '>', "$file.new" or BAIL_OUT("$file.new: $!");
	print {$handle} "$offset\n";
	close $handle or BAIL_OUT("$file.new: $!");
	rename "$file.new", $file or BAIL_OUT("$file: $!");
	return;
}

set_clock('+0');
my $node;
{
	local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC)} = ($faketime, $file, 1, 1);
	$node = KalamNode->new('main', bare => 1);
}
$node->sql('CREATE EXTENSION pg_kalam; CREATE TABLE ids (n serial, id bigint)');

sub clock { return $node->sql('SELECT extract(epoch FROM clock_timestamp())::bigint') }

my @sessions = ($node->session, $node->session);
my $marks = 0;

# Ids of sessions that are open, and of a new one.
sub draw
{
	for my $session (@sessions)
	{
		my $mark = 'mark' . ++$marks;
		$session->send("INSERT INTO ids (id) SELECT snowflake_id() FROM generate_series(1, 5000); SELECT '$mark';");
		$session->wait_for(qr/$mark\n/);
	}
	$node->sql('INSERT INTO ids (id) SELECT snowflake_id() FROM generate_series(1, 10)');
	return;
}

draw();
my $before = clock();
set_clock('-1h');
cmp_ok(clock(), '<', $before - 3000, 'the clock was set back');
draw();
draw();
is($node->sql('SELECT count(*), count(DISTINCT id) FROM ids'), '30030|30030', 'no id comes twice');
is($node->sql('SELECT count(*) FROM (SELECT id, lag(id) OVER (ORDER BY n) AS previous FROM ids) q WHERE id <= previous'),
	'0', 'no id is smaller than the one before');
set_clock('+1h');
draw();
is($node->sql('SELECT count(*) FROM (SELECT id, lag(id) OVER (ORDER BY n) AS previous FROM ids) q WHERE id <= previous'),
	'0', 'ids still grow when the clock is ahead again');
cmp_ok($node->sql(q{SELECT abs((max(id) >> 22) / 1000.0 + extract(epoch FROM timestamptz '2024-01-01 00:00+00')
		- extract(epoch FROM clock_timestamp())) < 600 FROM ids}), 'eq', 't', 'ids follow the clock again');
$_->finish for @sessions;

KalamNode::finish();
