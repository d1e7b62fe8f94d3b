# Random transactions give the same answers, errors and rows for an ordinary table and for a KalamDB table.
# KALAM_RANDOM=SEED:COUNT runs others, and more of them: COUNT transactions for each kind of table, or for the one that
# KALAM_RANDOM_KIND names.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamRandom;
use KalamStub;

my ($seed, $count) = ($ENV{KALAM_RANDOM} // '1:30') =~ /^(\d+):(\d+)$/ or die "KALAM_RANDOM is not SEED:COUNT";
my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);

# The first line in which two answers differ, and which transaction it is of.
sub difference
{
	my ($expected, $got) = @_;
	my @expected = split /\n/, $expected;
	my @got = split /\n/, $got;
	my ($line, $transaction) = (0, 'the beginning');
	while ($line < @expected && $line < @got && $expected[$line] eq $got[$line])
	{
		$transaction = $1 if $expected[$line] =~ /^(transaction \d+)$/;
		$line++;
	}
	return '' if $line == @expected && $line == @got;
	my $from = $line < 15 ? 0 : $line - 15;
	return join "\n", "$transaction, line $line", @expected[ $from .. $line - 1 ], 'PostgreSQL: ' . ($expected[$line] // 'nothing'),
	  'KalamDB: ' . ($got[$line] // 'nothing'), '';
}

my $only = $ENV{KALAM_RANDOM_KIND};
for my $kind (grep { !defined $only || $_->{name} eq $only } @KalamRandom::KINDS)
{
	my $script = KalamRandom->new($seed++)->script($kind, $count);
	my $file = "${PostgreSQL::Test::Utils::tmp_check}/random_$kind->{name}.sql";
	PostgreSQL::Test::Utils::append_to_file($file, $script);
	my %answer;
	for my $side (qw(local kalam))
	{
		my $schema = "random_$kind->{name}_$side";
		$node->sql(KalamRandom::tables($kind, $schema, $side eq 'kalam'));
		my $answers = "$file.$side";
		system_log('sh', '-c', 'exec "$@" > "$0" 2>&1', $answers, 'psql', '-X', '-a', '-d', $node->connstr('postgres'), '-c', "SET search_path = $schema, public", '-f', $file);
		$answer{$side} = slurp_file($answers) =~ s/^psql:\S+ |_$side//mgr;
	}
	like($answer{local}, qr/^transaction $count$/m, "$kind->{name}: the script ran to its end");
	is(difference(@answer{qw(local kalam)}), '', "$kind->{name}: the same answers");
}

KalamNode::finish();
