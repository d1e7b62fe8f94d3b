# The server aborts transactions, or dies in the middle of a call: what the statement says, what is stored when the
# server is back, and what its log of calls holds.
use strict;
use warnings;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $true = JSON::PP::true;
my $tmp = $PostgreSQL::Test::Utils::tmp_check;
my $log_file = "$tmp/calls.jsonl";
my $stub = KalamStub->new(
	port    => PostgreSQL::Test::Cluster::get_free_port(),
	options => [ '--storage', "$tmp/storage.db", '--rpc-log', $log_file ]);
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t VALUES (1, 'one'), (2, 'two');});

sub rows { return $node->sql(q{SELECT string_agg(id || '=' || v, ' ' ORDER BY id) FROM app.t}) }
is(rows(), '1=one 2=two', 'the table has its rows at the beginning');

# More than one row of different kinds: a transaction of the server.
my $mixed = q{BEGIN;
	INSERT INTO app.t VALUES (3, 'three');
	UPDATE app.t SET v = 'TWO' WHERE id = 2;
	DELETE FROM app.t WHERE id = 1;
	COMMIT};

# ---- The server aborts the transaction before its commit: nothing of it is stored, and the session goes on
$stub->fault({ method => 'CommitTransaction', call => 1, abort => $true });
my ($error, $out) = $node->outcome(qq{$mixed; SELECT count(*) FROM app.t;});
is($error->{sqlstate}, '40000', 'a transaction that the server aborted before COMMIT has SQLSTATE 40000');
is($error->{message}, 'KalamDB server "kalam_server" has ended the transaction', 'the message says that the server ended the transaction');
like($error->{detail}, qr/was aborted because leader for bound raft group/, q{the detail has the server's reason});
is($error->{hint}, 'Run the transaction again.', 'the hint says what to do');
is($out, '2', 'the session works afterwards');
is(rows(), '1=one 2=two', 'nothing of the transaction was stored');
$stub->clear_faults;

# ---- … or while its changes are staged: none of those behind it is executed on its own
for my $method ('Insert', 'Update', 'Delete')
{
	$stub->fault({ method => $method, call => 1, abort => $true });
	($error, $out) = $node->outcome(qq{$mixed; SELECT count(*) FROM app.t;});
	is($error->{sqlstate}, '40000', "a transaction that the server aborted before $method has SQLSTATE 40000");
	is(rows(), '1=one 2=two', 'nothing of the transaction was stored');
	$stub->clear_faults;
}

# ---- It dies before the call, or behind it and before the answer. Back on its port it has what was stored.
sub back
{
	my ($name) = @_;
	$stub->killed;
	$stub->start;
	return rows();
}
for my $case (
	# [statement, method, when, SQLSTATE, rows afterwards]
	[ q{SELECT count(*) FROM app.t},           'Scan',              'before', qr/08001|08006/, '1=one 2=two' ],
	[ q{SELECT count(*) FROM app.t},           'Scan',              'after',  qr/08001|08006/, '1=one 2=two' ],
	[ q{INSERT INTO app.t VALUES (3, 'x')},    'Insert',            'before', qr/08007/,       '1=one 2=two' ],
	[ q{INSERT INTO app.t VALUES (4, 'x')},    'Insert',            'after',  qr/08007/,       '1=one 2=two 4=x' ],
	[ q{UPDATE app.t SET v = 'y' WHERE id = 4}, 'Update',           'before', qr/08007/,       '1=one 2=two 4=x' ],
	[ q{UPDATE app.t SET v = 'y' WHERE id = 4}, 'Update',           'after',  qr/08007/,       '1=one 2=two 4=y' ],
	[ q{DELETE FROM app.t WHERE id = 4},       'Delete',            'before', qr/08007/,       '1=one 2=two 4=y' ],
	[ q{DELETE FROM app.t WHERE id = 4},       'Delete',            'after',  qr/08007/,       '1=one 2=two' ],
	[ $mixed,                                  'BeginTransaction',  'before', qr/08001|08006/, '1=one 2=two' ],
	[ $mixed,                                  'Insert',            'after',  qr/08006|40000/, '1=one 2=two' ],
	[ $mixed,                                  'CommitTransaction', 'before', qr/08007/,       '1=one 2=two' ],
	[ $mixed,                                  'CommitTransaction', 'after',  qr/08007/,       '2=TWO 3=three' ])
{
	my ($statement, $method, $when, $state, $rows) = @$case;
	my $name = "the server dies $when $method";
	$stub->fault({ method => $method, call => 1, kill => $true, when => $when });
	my $session = $node->session;
	$session->send("$statement;");
	$session->wait_for(qr/ERROR/);
	is(back($name), $rows, "$name: the rows are right");
	$session->send(q{SELECT 'alive ' || count(*) FROM app.t;});
	my ($after, $errors) = $session->finish;
	like(KalamNode::parse_error($errors)->{sqlstate}, qr/^(?:$state)$/, "$name: the SQLSTATE is right");
	like($after, qr/^alive [234]$/m, "$name: the session goes on with the server that is back");
}

# ---- The log of calls, as a file: one line of JSON a call, that it died in one included, without secrets
my @calls = map { JSON::PP->new->decode($_) } split /\n/, slurp_file($log_file);
is((grep { ($_->{message} // '') eq 'killed before the call' } @calls), 6, 'the log file has the calls during which the server died');
my ($insert) = grep { $_->{method} eq 'Insert' } @calls;
is("$insert->{namespace}.$insert->{table} $insert->{rows} $insert->{code}", 'app.t 2 OK', 'the log file has target, rows and status of calls');
ok($insert->{request_bytes} > 0 && $insert->{session} ne '', 'the log file has size and session of calls');
my ($opened) = grep { $_->{method} eq 'OpenSession' } @calls;
is($opened->{headers}{authorization}, 'Bearer ***', 'the log file masks the credentials');
unlike(slurp_file($log_file), qr/bridge-token/, 'the whole log file shows no credentials');

KalamNode::finish();
