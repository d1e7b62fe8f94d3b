# Every fault at every call of every kind of statement. Whatever happens, the rows afterwards are those from before the
# statement or those after it, whole: the latter when it succeeded, the former when it failed, either only when its error
# says that the outcome is unknown (08007).
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $start = '1a 2b 3c';

# [statement, its rows or '', rows of the table afterwards, methods]
my @statements = (
	[ q{SELECT string_agg(id || v, ' ' ORDER BY id) FROM app.t}, $start, $start, 'Scan' ],
	[ 'SELECT v FROM app.t WHERE id = 2', 'b', $start, 'Scan' ],
	[ q{INSERT INTO app.t VALUES (4, 'd')}, '', "$start 4d", 'Insert' ],
	[ q{INSERT INTO app.t VALUES (4, 'd'), (5, 'e'), (6, 'f')}, '', "$start 4d 5e 6f", 'Insert' ],
	[ q{UPDATE app.t SET v = 'x' WHERE id = 1}, '', '1x 2b 3c', 'Scan', 'Update' ],
	[ 'DELETE FROM app.t WHERE id = 1', '', '2b 3c', 'Scan', 'Delete' ],
	[ q{UPDATE app.t SET v = v || '!' WHERE id IN (1, 2)}, '', '1a! 2b! 3c', 'Scan', 'BeginTransaction', 'Update',
		'CommitTransaction' ]);

my $yes = JSON::PP::true;
my @faults = (
	[ 'an error',                     { code => 'INTERNAL', message => 'disk on fire' } ],
	[ 'unavailable before',           { code => 'UNAVAILABLE', message => 'going away' } ],
	[ 'unavailable after',            { code => 'UNAVAILABLE', message => 'going away', when => 'after' } ],
	[ 'cut before',                   { cut => 'before' } ],
	[ 'cut after',                    { cut => 'after' } ],
	[ 'wrong bytes',                  { wrong_bytes => $yes } ],
	[ 'half an answer',               { truncate => $yes } ],
	[ 'no leader known',              { not_leader => 'none' } ],
	[ 'a leader that nobody knows',   { not_leader => 'http://127.0.0.1:9' } ],
	[ 'the session pruned',           { prune => $yes } ],
	[ 'all sessions gone',            { restart => $yes } ],
	[ 'all transactions gone',        { abort => $yes } ]);

for my $mode ('r1', 'r2')
{
	my $stub = KalamStub->new(options => [ '--mode', $mode ]);
	my $node = KalamNode->new($mode, stub => $stub);
	$node->sql('CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;');
	my $look = q{SELECT string_agg(id || v, ' ' ORDER BY id) FROM app.t};

	for my $statement (@statements)
	{
		my ($sql, $answer, $goal, @methods) = @$statement;
		for my $method (@methods)
		{
			for my $case (@faults)
			{
				my ($fault, $order) = @$case;
				my $name = "$mode, $sql, $method: $fault";
				$node->sql(q{DELETE FROM app.t; INSERT INTO app.t VALUES (1, 'a'), (2, 'b'), (3, 'c');});
				$stub->fault({ method => $method, call => 1, %$order });
				my ($error, $out) = $node->outcome("SET statement_timeout = '60s';\n$sql;");
				$stub->wait_for_hits(1);
				$stub->clear_faults;
				my $state = $error->{sqlstate};
				note("$name: ", $state || 'succeeds', ' ', $error->{message});
				unlike($state, qr/^(XX|57014)/, "$name: the error has a SQLSTATE of its own") or diag($error->{text});
				is($out, $state ? '' : $answer, "$name: the statements return their rows");
				my $rows = $node->sql($look);
				if ($state eq '08007' && $goal ne $start) { like($rows, qr/^(\Q$start\E|\Q$goal\E)$/, "$name: all changes are stored or none"); }
				else { is($rows, $state ? $start : $goal, "$name: the stored rows are right afterwards") or diag($error->{text}); }
			}
		}
	}
}

KalamNode::finish();
