# On a standby server KalamDB's tables are read, and nothing is changed: not through kalam_exec either.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub, conf => "wal_level = replica\nmax_wal_senders = 5\n");
$node->sql(
	q{CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t VALUES (1, 'one'), (2, 'two');});
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

sub outcome
{
	my ($sql) = @_;
	my (undef, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 0);
	return ($out, KalamNode::parse_error($err)->{sqlstate});
}
my ($out, $state) = outcome(q{SELECT count(*) FROM app.t; SELECT v FROM app.t WHERE id = 2;
	SELECT kalam_exec('SELECT count(*) AS n FROM app.t'); SELECT kalam_ping('kalam_server');});
is("$out$state", qq{2\ntwo\n[{"n":2}]\nt}, 'a standby reads');
$stub->forget_calls;
for my $statement (
	q{SELECT kalam_exec('DELETE FROM app.t WHERE id = 1')}, q{DELETE FROM app.t WHERE id = 1}, q{INSERT INTO app.t VALUES (3, 'three')},
	q{TRUNCATE app.t}, q{DROP TABLE app.t}, q{ALTER TABLE app.t ADD COLUMN w int}, q{CREATE TABLE app.u (id int PRIMARY KEY) USING kalamdb})
{
	($out, $state) = outcome("$statement;");
	is($state, '25006', "$statement: is refused on a standby");
}
my @changes = grep { $_->{method} !~ /^(?:OpenSession|CloseSession|Ping|Scan|ExecuteQuery)$/ } $stub->calls;
is(scalar @changes, 0, 'nothing that changes anything was sent');
is($node->sql('SELECT count(*) FROM app.t'), '2', 'the rows are as they were');
$standby->stop('fast');
unlike(slurp_file($standby->logfile), qr/PANIC:|TRAP:|terminated by signal/, 'the log of the standby is clean');

KalamNode::finish();
