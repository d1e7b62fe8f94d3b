# Two sessions of one PostgreSQL that meet at a row, on a KalamDB table and on an ordinary one: what happens has to be the
# same. The tables are t (id int PRIMARY KEY, n int, note text) in schemas of the test's own.
#
#     KalamRace::on($node);
#     is(race('app', $first, $second, 'COMMIT'), race('heap', $first, $second, 'COMMIT'), 'both are counted');
package KalamRace;

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use KalamNode;

our @EXPORT = qw(reset_rows rows wait_for_lock held_by race beside);

my $node;

# The PostgreSQL that the functions below act on.
sub on
{
	($node) = @_;
	return;
}

# Four rows, as before each race.
sub reset_rows
{
	my ($schema) = @_;
	$node->sql("DELETE FROM $schema.t; INSERT INTO $schema.t SELECT i, 0, 'old' FROM generate_series(1, 4) i");
	return;
}

sub rows { my ($schema) = @_; return $node->sql("SELECT id, n, note FROM $schema.t ORDER BY id") }

# Waits until the backend waits for a lock.
sub wait_for_lock
{
	my ($pid) = @_;
	return $node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid");
}

# A session that has run statements in a block, which it does not end.
sub held_by
{
	my ($schema, $statements) = @_;
	my $session = $node->session;
	$session->send("\\set VERBOSITY sqlstate\nSET search_path = $schema; BEGIN; $statements; SELECT 'done';");
	$session->wait_for(qr/done|ERROR/);
	return $session;
}

# The statements of the first session in a block; those of the second, which wait for it; the end of the block. Returns
# what the second said, and the rows.
sub race
{
	my ($schema, $first, $second, $end) = @_;
	reset_rows($schema);
	my $holder = held_by($schema, $first);
	my $session = $node->session;
	my $pid = $session->pid;
	$session->send("\\set VERBOSITY sqlstate\nSET search_path = $schema; $second");
	ok(wait_for_lock($pid), "$schema: waits: $second");
	$holder->send("$end;");
	$holder->finish;
	my ($out, $err) = $session->finish;
	$out =~ s/pid=\d+\n//;
	return join "\n", $out, $err, rows($schema);
}

# The statements of the first session in a block, and beside it those of the second, which do not wait. Returns what they
# said.
sub beside
{
	my ($schema, $first, $second) = @_;
	reset_rows($schema);
	my $holder = held_by($schema, $first);
	my ($error, $out) = $node->outcome("SET search_path = $schema; SET lock_timeout = '20s'; $second");
	$holder->finish;
	return "$error->{sqlstate} $error->{message} $out";
}

1;
