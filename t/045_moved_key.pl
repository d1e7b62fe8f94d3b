# The change of one row's key in a table whose inserts no transaction of the server takes: two requests, and what is left
# when the second one fails.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
$node->sql(q{CREATE SCHEMA app; CREATE TABLE app.version (num text PRIMARY KEY, n int) USING kalamdb; CREATE TABLE app.log (n int)});

my $statement = q{WITH logged AS (INSERT INTO app.log VALUES (1)) UPDATE app.version SET num = 'b' WHERE num = 'a'};

sub reset_all
{
	$stub->clear_faults;
	$node->sql(q{DELETE FROM app.version; DELETE FROM app.log});
	$node->sql(q{INSERT INTO app.version VALUES ('a', 1), ('other', 2)});
	$stub->forget_calls;
	return;
}

sub methods { return join ' ', map { $_->{method} } grep { $_->{method} =~ /^(?:Scan|Insert|Update|Delete|.*Transaction)$/ } $stub->calls; }

sub rows { return $node->sql(q{SELECT string_agg(num || n, ' ' ORDER BY num) FROM app.version}); }

reset_all();
$node->sql($statement);
like(methods(), qr/Insert Delete$/, 'the row is inserted under its new key before the old one is removed');
unlike(methods(), qr/Transaction/, 'the change of key needs no transaction of the server');
is(rows(), 'b1 other2', 'the row has the new key alone');

# [what, fault, SQLSTATE, rows afterwards, text]
for my $case (
	[ 'Insert refused', { method => 'Insert', code => 'INTERNAL', message => 'no' }, qr/./, 'a1 other2', qr/./ ],
	[ 'Insert cut', { method => 'Insert', cut => 'before' }, '08007', 'a1 other2', qr/outcome/ ],
	[
		'Delete cut before', { method => 'Delete', cut => 'before' }, '08007', 'a1 b1 other2',
		qr/was stored with key \(num\)=\(b\) before that; nobody knows whether it is still there with key \(num\)=\(a\)/ ],
	[ 'Delete cut after', { method => 'Delete', cut => 'after' }, '08007', 'b1 other2', qr/was stored with key \(num\)=\(b\)/ ],
	[ 'Delete: session gone', { method => 'Delete', prune => JSON::PP::true }, '', 'b1 other2', qr/^$/ ],
	[
		'Delete refused', { method => 'Delete', code => 'PERMISSION_DENIED', message => 'not you' }, qr/./, 'a1 other2', qr/./ ],
	[
		'Delete refused, and the new row cannot be removed either',
		{ method => 'Delete', times => 5, code => 'PERMISSION_DENIED', message => 'not you' }, '08007', 'a1 b1 other2',
		qr/was stored with key \(num\)=\(b\) before that; it is still there with key \(num\)=\(a\)/ ])
{
	my ($name, $fault, $sqlstate, $rows, $text) = @$case;
	reset_all();
	$stub->fault({ call => 1, %$fault });
	my ($error, $out) = $node->outcome("$statement; SELECT 'works', count(*) > 0 FROM app.version;");
	$stub->clear_faults;
	if (ref $sqlstate) { like($error->{sqlstate}, $sqlstate, "$name: the SQLSTATE is one of those that are allowed"); }
	else { is($error->{sqlstate}, $sqlstate, "$name: the SQLSTATE is right"); }
	like($error->{text}, $text, "$name: the message is right");
	like($out, qr/^works\|t$/m, "$name: the session works afterwards");
	is(rows(), $rows, "$name: the rows of KalamDB are right");
	is($node->sql('SELECT count(*) FROM app.log'), $error->{sqlstate} eq '' ? 1 : 0, "$name: the rows of PostgreSQL are right");
}

# The wait for the removal can be left; what is not known is said.
reset_all();
$stub->fault({ method => 'Delete', call => 1, black_hole => JSON::PP::true });
my ($error, $out) = $node->timed_out($stub, [ { method => 'Delete', call => 1, black_hole => JSON::PP::true } ], "$statement;");
is($error->{sqlstate}, '08007', 'a removal that is not answered is of unknown outcome');
like($error->{text}, qr/was stored with key \(num\)=\(b\)/, 'the error says under which key the new row is stored');
$stub->clear_faults;

# A session that is ended while it waits for one of the two: the call comes to its end, and the row is not there twice.
for my $case ([ 'Insert', 'a1 other2' ], [ 'Delete', 'b1 other2' ])
{
	my ($method, $rows) = @$case;
	reset_all();
	$stub->fault({ method => $method, call => 1, delay_ms => 1000 });
	my $session = $node->session;
	my $pid = $session->pid;
	$session->send("$statement;");
	$stub->wait_for_hits(1);
	$node->sql("SELECT pg_terminate_backend($pid)");
	$session->wait_for(qr/57P01/);
	$session->finish;
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"), "$method: the session ends");
	$stub->clear_faults;
	is(rows(), $rows, "$method: the rows of KalamDB are right when the session was ended");
	is($node->sql('SELECT count(*) FROM app.log'), 0, "$method: the rows of PostgreSQL are right when the session was ended");
}

KalamNode::finish();
