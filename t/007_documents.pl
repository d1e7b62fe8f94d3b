# What the documents tell a reader to type works: every SQL block of the tutorial, and README's session.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;

sub blocks
{
	my ($file) = @_;
	my $text = slurp_file("$FindBin::RealBin/documents/$file");
	my $token = $stub->token;
	$text =~ s/Bearer bridge-token-0123456789/$token/g;
	my @blocks = $text =~ /^```sql\n(.*?)^```$/msg;
	cmp_ok(scalar @blocks, '>', 0, "$file has SQL blocks");
	return @blocks;
}

sub runs
{
	my ($node, $file, @blocks) = @_;
	my ($code, $out, $err) = $node->psql('postgres', join("\n", @blocks), on_error_stop => 1);
	is($code, 0, "$file: all statements run") or diag($err);
	return $out;
}

my $tutorial = KalamNode->new('tutorial', stub => $stub);
my $out = runs($tutorial, 'tutorial.md', blocks('tutorial.md'));
like($out, qr/^bob\|tea\|1\|4\.20\nbob\|bread\|2\|8\.36$/m, 'bob sees his basket');
like($out, qr/^2\|12\|[0-9]+\|carol$/m, 'carol sees hers');
like($out, qr/^1\|5\.00\n2\|4\.18$/m, 'the savepoint was rolled back');

# The README starts from nothing: where the server is has to be changed.
my $readme = KalamNode->new('readme', stub => $stub, bare => 1);
my ($host, $port) = ($stub->host, $stub->port);
my ($session) = blocks('README.md');
ok($session =~ s/host '127\.0\.0\.1', port '9188'/host '$host', port '$port'/, 'README.md names the default port');
$out = runs($readme, 'README.md', $session);
like($out, qr/^bread\|4\.18$/m, 'README.md: UPDATE RETURNING');
like($out, qr/^tea\|1\|4\.20$/m, 'README.md: the join');

KalamNode::finish();
