# What the documents tell a reader to type works: every SQL block of each page, README's session.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
$stub->namespace(qw(app shop depot samples annex orders store notes blog kalam_side));

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
like($out, qr/^2\|12\|carol$/m, 'carol sees hers');
like($out, qr/^1\|5\.00\n2\|4\.18$/m, 'the savepoint was rolled back');

# What an SQL comment says of a statement is what it answers.
my @reference = blocks('reference.md');
my $reference = KalamNode->new('reference', stub => $stub);
$out = runs($reference, 'reference.md', 'SET timezone = UTC;', @reference);
my @answers = join("\n", @reference) =~ /-- ([\["].*)$/mg;
cmp_ok(scalar @answers, '>', 2, 'reference.md tells answers');
like($out, qr/^\Q$_\E$/m, "reference.md says what the statement answers: $_") for @answers;
is( $reference->sql('SET timezone = UTC; SELECT ROW(t.*) FROM (SELECT id, b, s, i, r, d, n, j, y, da, ti, ts, tz, u, e FROM samples.every_type) t'),
	q{(9007199254740993,t,-32768,2147483647,1.5,-Infinity,12345.67,"{""a"": [1, null]}","\\\\x00ff",2024-02-29,}
	  . q{23:59:59.000001,"2024-02-29 12:00:00.5","2024-02-29 10:00:00+00",a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,"{0.5,-1.25}")},
	'reference.md: the values come back');
is($reference->sql('SELECT w, m, iv, ip, words, grid FROM samples.every_type'),
	'Grüße|ok|1 day 02:00:00|10.0.0.1/8|{a,NULL}|{{1,2},{3,4}}', 'reference.md: values that are kept as text come back too');

# The README starts from nothing: where the server is has to be changed.
my $readme = KalamNode->new('readme', stub => $stub, bare => 1);
my ($host, $port) = ($stub->host, $stub->port);
my ($session) = blocks('README.md');
ok($session =~ s/host '127\.0\.0\.1', port '9188'/host '$host', port '$port'/, 'README.md names the default port');
$out = runs($readme, 'README.md', $session);
like($out, qr/^bread\|4\.18$/m, 'README.md: UPDATE RETURNING returns the new price');
like($out, qr/^tea\|1\|4\.20$/m, 'README.md: the join returns the basket');

# The other pages, each from a database of its own.
for my $page (qw(performance faq production multi-tenant troubleshooting tools))
{
	my $text = slurp_file("$FindBin::RealBin/documents/$page.md");
	next if $text !~ /^```sql$/m;
	(my $name = $page) =~ tr/-/_/;
	runs(KalamNode->new($name, stub => $stub), "$page.md", blocks("$page.md"));
}

KalamNode::finish();
