# Changes that meet a fault on their way: what the statement says, and which rows both sides have afterwards.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);

$node->create_changed('app');

# The table as it was, no faults, no calls.
sub reset_all
{
	$stub->clear_faults;
	$node->reset_changed;
	$stub->forget_calls;
	return;
}

sub count_calls { my ($method) = @_; return scalar(my @calls = $stub->calls($method)); }

my $update = q{WITH logged AS (INSERT INTO app.log VALUES (1)) UPDATE app.t SET v = v || '!' WHERE id IN (1, 2)};
my $insert = q{WITH logged AS (INSERT INTO app.log VALUES (1)) INSERT INTO app.t VALUES (4, 'd'), (5, 'e')};
my $before = '1a 2b 3c';
my $updated = '1a! 2b! 3c';
my $inserted = '1a 2b 3c 4d 5e';

# ---- Which calls a statement costs
reset_all();
$node->sql(q{INSERT INTO app.t SELECT i, 'row' FROM generate_series(10, 10009) i});
is(count_calls('Insert'), 1, '10,000 rows are one request');
is(count_calls('BeginTransaction'), 0, '10,000 rows need no transaction');
$stub->forget_calls;
$node->sql(q{INSERT INTO app.t SELECT i, repeat('x', 30) FROM generate_series(20001, 80000) i});
is(count_calls('Insert') . count_calls('BeginTransaction'), '10', '60,000 rows of 3 MB of plain JSON are one request');
$node->sql('DELETE FROM app.t WHERE id > 79900');
$stub->forget_calls;
$node->sql(q{UPDATE app.t SET v = 'changed' WHERE id BETWEEN 10 AND 109});
is(count_calls('BeginTransaction'), 1, '100 rows are updated in a transaction');
is(count_calls('Update'), 100, 'the rows are updated by their keys');
is(count_calls('CommitTransaction'), 1, 'the transaction is committed');

my $gone = q{transaction 'x' because it timed out and was aborted};

# ---- Faults: [what, statement, fault, SQLSTATE, rows of KalamDB afterwards, is Rollback sent]
for my $case (
	[ 'Insert: garbled answer', $insert, { method => 'Insert', wrong_bytes => 1 }, '08007', $inserted ],
	[ 'Insert: half an answer', $insert, { method => 'Insert', truncate => 1 }, '08007', $inserted ],
	[ 'Insert: cut before', $insert, { method => 'Insert', cut => 'before' }, '08007', $before ],
	[ 'Insert: cut after', $insert, { method => 'Insert', cut => 'after' }, '08007', $inserted ],
	[
		'Insert: an error that says nothing of the rows', $insert,
		{ method => 'Insert', code => 'INTERNAL', message => 'disk on fire', when => 'after' }, '08007', $inserted ],
	[ 'Begin: refused', $update, { method => 'BeginTransaction', code => 'INTERNAL', message => 'no' }, 'HV000', $before ],
	[ 'Begin: cut', $update, { method => 'BeginTransaction', cut => 'before' }, '08006', $before ],
	[ 'lookup: refused', $update, { method => 'Scan', call => 2, code => 'INTERNAL', message => 'no' }, 'HV000', $before ],
	[ 'staged update: refused', $update, { method => 'Update', code => 'INTERNAL', message => 'no' }, 'HV000', $before, 1 ],
	[ 'staged update: cut', $update, { method => 'Update', cut => 'before' }, '08006', $before ],
	[ 'Commit: garbled answer', $update, { method => 'CommitTransaction', truncate => 1 }, undef, $updated ],
	[ 'Commit: cut before', $update, { method => 'CommitTransaction', cut => 'before' }, '08007', $before ],
	[ 'Commit: cut after', $update, { method => 'CommitTransaction', cut => 'after' }, '08007', $updated ],
	[ 'Commit: session gone', $update, { method => 'CommitTransaction', prune => 1 }, '08006', $before ],
	[ 'Commit: transaction gone', $update, { method => 'CommitTransaction', abort => 1 }, '40000', $before ],
	# A server that knows nothing of the transaction may have taken its changes for ones of their own.
	[
		'Commit: transaction unknown', $update,
		{ method => 'CommitTransaction', code => 'FAILED_PRECONDITION', message => q{Not found: transaction 'x' not found} },
		'08007', $before ],
	[
		'Commit: transaction timed out', $update,
		{ method => 'CommitTransaction', code => 'FAILED_PRECONDITION', message => "cannot commit $gone" }, '40000', $before ],
	[
		'staged update: transaction timed out', $update,
		{ method => 'Update', call => 2, code => 'FAILED_PRECONDITION', message => "cannot stage writes in $gone" },
		'40000', $before, 1 ],
	# The next one would be executed on its own.
	[ 'staged update: transaction aborted', $update, { method => 'Update', abort => 1 }, '40000', $before ],
	[
		'staged update: transaction unknown', $update,
		{ method => 'Update', call => 2, code => 'FAILED_PRECONDITION', message => q{Not found: transaction 'x' not found} },
		'08007', $before ],
	[
		'Commit: an error that says nothing of the rows', $update,
		{ method => 'CommitTransaction', code => 'INTERNAL', message => 'disk on fire', when => 'after' }, '08007', $updated ])
{
	my ($name, $statement, $fault, $sqlstate, $rows, $rolls_back) = @$case;
	reset_all();
	$fault->{$_} and $fault->{$_} = JSON::PP::true for qw(wrong_bytes truncate prune abort);
	$stub->fault({ call => 1, %$fault });
	my ($error, $out) = $node->outcome("$statement; SELECT 'works', count(*) > 0 FROM app.t;");
	$stub->clear_faults;
	diag("$name: $error->{sqlstate} $error->{text}") if defined $sqlstate && $error->{sqlstate} ne $sqlstate;
	is($error->{sqlstate}, $sqlstate, "$name: the SQLSTATE is right") if defined $sqlstate;
	like($out, qr/^works\|t$/m, "$name: the session works afterwards");
	is(count_calls('RollbackTransaction'), 1, "$name: Rollback is sent") if $rolls_back;
	is($node->remote_rows, $rows, "$name: the rows of KalamDB are right");
	is($node->local_rows, $error->{sqlstate} eq '' ? 1 : 0, "$name: the rows of PostgreSQL are right");
}

# ---- A commit that its answer says was refused as a whole is not called half applied
reset_all();
my $refusal = q{Invalid operation: failed to commit transaction 'x': Raft error: Provider error: Execution error: }
	. q{Failed to insert batch rows: Constraint violation: Execution error: NOT NULL constraint violation: }
	. q{column 'v' cannot be NULL (row 1)};
$stub->fault(
	{ method => 'CommitTransaction', call => 1, code => 'FAILED_PRECONDITION', message => $refusal });
my ($error, $out) = $node->outcome("$update;");
is($error->{sqlstate}, '23502', 'a batch that is refused at commit has its own SQLSTATE');
unlike($error->{text}, qr/may have been applied/, 'nothing of the refused batch was applied');
$stub->clear_faults;
is($node->remote_rows, $before, 'the rows are as they were before the batch');

# ---- kalam.write_mode = autocommit: what an earlier transaction has staged is not in doubt
reset_all();
$node->sql(
	q{CREATE TABLE app.a (name text PRIMARY KEY, v int) USING kalamdb; CREATE TABLE app.b (name text PRIMARY KEY, v int) USING kalamdb;
	  INSERT INTO app.a VALUES ('x', 1), ('y', 2); INSERT INTO app.b VALUES ('x', 1), ('y', 2);});
$stub->fault({ method => 'Update', call => 3, code => 'FAILED_PRECONDITION', message => q{Not found: transaction 'x' not found} });
($error, $out) = $node->outcome(
	q{SET kalam.write_mode = 'autocommit'; BEGIN;
	  INSERT INTO app.a VALUES ('z', 3); UPDATE app.a SET v = v + 10 WHERE name < 'z';
	  INSERT INTO app.b VALUES ('z', 3); UPDATE app.b SET v = v + 10 WHERE name < 'z'; COMMIT;});
is($error->{sqlstate}, '40000', 'the first change of a transaction that the server has lost is refused');
like($error->{text}, qr/Applied before that, and not undone: row changes: 4; requests or transactions: 3\./, 'changes that came before the lost transaction stay');
$stub->clear_faults;
is($node->sql(q{SELECT string_agg(name || v, ' ' ORDER BY name) FROM app.a}), 'x11 y12 z3', 'the rows of the first table are right');
is($node->sql(q{SELECT string_agg(name || v, ' ' ORDER BY name) FROM app.b}), 'x1 y2 z3', 'the rows of the second table are right');

# ---- Every wait at commit can be left: before the changes are handed over, and after
for my $case ([ 'Scan', 2, '57014' ], [ 'Update', 1, '57014' ], [ 'CommitTransaction', 1, '08007' ])
{
	my ($method, $call, $sqlstate) = @$case;
	for my $how ('statement_timeout', 'pg_cancel_backend', 'pg_terminate_backend')
	{
		reset_all();
		# Each call of the kind from there on: a lookup is tried once more.
		my $silence = { method => $method, call => $call, times => 100, black_hole => JSON::PP::true };
		if ($how eq 'statement_timeout')
		{
			($error, $out) = $node->timed_out($stub, [$silence], "$update;");
			is($error->{sqlstate}, $sqlstate, "$method: $how ends the wait");
		}
		else
		{
			$stub->fault($silence);
			my $session = $node->session;
			my $pid = $session->pid;
			$session->send("$update;");
			# That call, not one before it.
			$stub->wait_for_hits(1);
			$node->wait_for_call($pid);
			$node->safe_psql('postgres', "SELECT $how($pid)");
			if ($how eq 'pg_cancel_backend')
			{
				$session->wait_for(qr/ERROR/);
				$stub->clear_faults;
				$session->send(q{SELECT 'still here: ' || count(*) FROM app.t;});
				($out, my $text) = $session->finish;
				is(KalamNode::parse_error($text)->{sqlstate}, $sqlstate, "$method: $how ends the wait");
				like($out, qr/^still here: 3$/m, "$method: the session works afterwards");
			}
			else
			{
				ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
					"$method: $how ends the backend");
				$session->{harness}->kill_kill;
			}
		}
		$stub->clear_faults;
		is($node->remote_rows, $before, "$method, $how: the rows of KalamDB are right");
		is($node->local_rows, 0, "$method, $how: the rows of PostgreSQL are right");
	}
}

# ---- A change by key asks for the row and for the table's definition at once
reset_all();
my $session = $node->session;
my $pid = $session->pid;
$session->send(q{SET kalam.catalog_lifetime = 0; SELECT 'warm: ' || v FROM app.t WHERE id = 1;});
$session->wait_for(qr/warm: a/);
$stub->fault({ method => $_, call => 1, black_hole => JSON::PP::true }) for 'ExecuteQuery', 'Scan';
$session->send(q{UPDATE app.t SET v = 'x' WHERE id = 1;});
ok($stub->wait_for_hits(2), 'neither statement waits for the answer of the other');
$node->sql("SELECT pg_cancel_backend($pid)");
$session->wait_for(qr/57014/);
$stub->clear_faults;

# ---- and a definition that has changed is noticed before anything is written
$node->sql(q{SELECT kalam_exec('ALTER TABLE app.t ADD COLUMN w INT')});
$session->send(q{UPDATE app.t SET v = 'y' WHERE id = 1 RETURNING 'now: ' || v;});
$session->wait_for(qr/now: y/);
$node->sql(q{SELECT kalam_exec('ALTER TABLE app.t DROP COLUMN v')});
$stub->forget_calls;
$session->send(q{UPDATE app.t SET v = 'z' WHERE id = 1; UPDATE app.t SET id = 7 WHERE id = 1;});
$session->wait_for(qr/42703.*ERROR.*LOCATION/s);
is(count_calls('Update') + count_calls('Insert') + count_calls('Delete'), 0, 'nothing is sent for another table');
$session->send(q{SELECT 'still here: ' || count(*) FROM app.t;});
($out, my $said) = $session->finish;
like($out, qr/^still here: 3$/m, 'the session works afterwards');
is(join(' ', grep { $_ ne '57014' } $said =~ /ERROR:  (\w{5}):/g), '42703 42703', 'both say that the column does not exist');

KalamNode::finish();
