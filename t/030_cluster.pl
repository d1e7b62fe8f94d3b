# A cluster of three nodes: redirects to the leader are followed, to addresses that the cluster lists only, and not for
# ever. The stubs share no data, so a row tells which node it was read from.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my @ports = map { PostgreSQL::Test::Cluster::get_free_port() } 0 .. 3;
sub rpc { return "127.0.0.1:$ports[$_[0]]" }
sub api { return "http://127.0.0.1:" . ($ports[ $_[0] ] + 20000) }

# Each node lists the other two. The first one leads at the beginning.
sub start_node
{
	my ($self) = @_;
	my @others = grep { $_ != $self } 0 .. 2;
	return KalamStub->new(
		port    => $ports[$self],
		options => [ '--api-addr', api($self),
			map { ('--cluster-node', join ',', 10 + $_, rpc($_), api($_), $_ == 0 ? 'leader' : ()) } @others ]);
}
my @stubs = map { start_node($_) } 0 .. 2;
my $stranger = KalamStub->new(port => $ports[3]);

my $node = KalamNode->new('main', stub => $stubs[0], conf => "shared_preload_libraries = 'pg_kalam'\n");
$node->create_server("node$_", stub => $stubs[$_]) for 1, 2;
$node->create_server('cluster', stub => $stubs[1]);
$node->create_server('impatient', stub => $stubs[1], server => { timeout => 500 });

# The same table on each node, with a row that names it.
for my $server ('kalam_server', 'node1', 'node2')
{
	my $row = $server eq 'kalam_server' ? 'node0' : $server;
	$node->sql(
		"SELECT kalam_exec('$server', 'CREATE NAMESPACE app');
		 SELECT kalam_exec('$server', 'CREATE SHARED TABLE app.t (id INT PRIMARY KEY, v TEXT)');
		 SELECT kalam_exec('$server', 'CREATE USER TABLE app.notes (id INT PRIMARY KEY, v TEXT)');
		 CREATE SCHEMA $row;
		 CREATE FOREIGN TABLE $row.t (id int, v text) SERVER $server OPTIONS (namespace 'app', \"table\" 't');
		 INSERT INTO $row.t VALUES (1, '$row');");
}
for my $server ('cluster', 'impatient')
{
	$node->sql(
		"CREATE SCHEMA $server;
		 CREATE FOREIGN TABLE $server.t (id int, v text) SERVER $server OPTIONS (namespace 'app', \"table\" 't');");
}
is($node->sql('SELECT node0.t.v, node1.t.v, node2.t.v FROM node0.t, node1.t, node2.t'), 'node0|node1|node2',
	'three nodes have rows of their own');
is(scalar(() = $node->sql(q{SELECT kalam_exec('node1', 'SELECT rpc_addr FROM system.cluster')}) =~ /127/g), 3, 'a node lists three');

sub forget { $_->clear_faults, $_->forget_calls for @stubs, $stranger; return }

# Counters
{
	forget();
	$stubs[1]->fault({ method => 'Scan', not_leader => api(0) });
	$node->sql('SELECT kalam_stat_reset()');
	is($node->sql('SELECT v FROM cluster.t WHERE id = 1'), 'node0', 'a follower names the leader, which is read from');
	is($node->sql(q{SELECT lookups, leader_changes, retries, failures FROM kalam_stat_servers WHERE server_name = 'cluster'}),
		'1|1|1|0', 'a lookup that follows the leader is one, and counted as a change of leader');
}

forget();

# What a follower does: reads, and what a transaction stages, are for the leader only. The catalog is on every node.
my @leaders_work = (
	{ method => 'Scan' },
	{ method => 'ExecuteQuery', match => ' app.' },
	map { { method => $_ } } qw(BeginTransaction CommitTransaction));
sub follow
{
	my ($self, $leader) = @_;
	$stubs[$self]->fault({ %$_, not_leader => $leader }) for @leaders_work;
	return;
}

sub scans { return join ' ', map { scalar $_->calls('Scan') } @stubs }

# ---- To the leader, and it is remembered
forget();
follow(1, api(0));
is($node->sql('SELECT * FROM cluster.t; SELECT * FROM cluster.t WHERE id = 1; SELECT * FROM cluster.t'),
	"1|node0\n1|node0\n1|node0", 'rows come from the leader');
is(scans(), '3 1 0', 'the leader answers all scans, of which the follower has refused the first');
is((grep { $_->{code} ne 'OK' } $stubs[1]->calls), 1, 'the follower was asked once, the leader from then on');
is((grep { $_->{sql} =~ /system\.cluster/ } $stubs[1]->calls('ExecuteQuery')), 1, 'who leads was asked once');
my ($opened) = $stubs[0]->calls('OpenSession');
is($opened->{headers}{authorization}, 'Bearer ***', 'the leader gets the credentials');
is($opened->{proposed_id}, ($stubs[1]->calls('ExecuteQuery'))[0]{session}, 'the leader gets the same session id');

# ---- The leader changes within a session; the address is given with and without its scheme
forget();
follow(1, api(0));
my $session = $node->session;
$session->send('SELECT v FROM cluster.t;');
$session->wait_for(qr/node0/);
(my $bare = api(2)) =~ s/^http:\/\///;
follow(0, $bare);
$session->send('SELECT v FROM cluster.t;');
$session->wait_for(qr/node2|ERROR/);
$stubs[0]->clear_faults;
$_->clear_faults, follow(2, api(0)) for $stubs[2];
$session->send(q{SELECT 'again ' || v FROM cluster.t;});
my ($out, $err) = $session->finish;
is($out, "node0\nnode2\nagain node0\n", 'the connection follows to the next leader and back');
is($err, '', 'following a leader reports nothing');

# ---- A transaction and an autocommit write
forget();
follow(1, api(0));
$node->sql(q{INSERT INTO cluster.t VALUES (2, 'written')});
my ($writer) = grep { scalar $_->calls('Insert') } @stubs;
is(scalar(map { $_->calls('Insert') } @stubs), 1, 'an insert is sent once');
$node->sql(
	q{BEGIN;
	  INSERT INTO cluster.t VALUES (3, 'a'), (4, 'b');
	  UPDATE cluster.t SET v = 'changed' WHERE id = 1;
	  COMMIT;});
is($node->sql('SELECT * FROM node0.t WHERE id IN (1, 3, 4) ORDER BY id'), "1|changed\n3|a\n4|b",
	'a transaction is committed by the leader');
is(scalar($stubs[1]->calls('Insert')) + $stubs[1]->calls('Update') - ($writer == $stubs[1]), 0,
	'the follower gets nothing of the transaction');
forget();
is($node->sql('SELECT count(*) FROM node1.t WHERE id IN (3, 4)'), '0', 'the follower has no row of the transaction');
$node->sql(q{DELETE FROM node0.t WHERE id > 1; UPDATE node0.t SET v = 'node0'; DELETE FROM node1.t WHERE id > 1;});

# ---- The leader is lost between BEGIN and COMMIT: the transaction is not committed anywhere
forget();
$stubs[0]->fault({ method => 'CommitTransaction', not_leader => api(2) });
my $error = $node->error(
	q{BEGIN;
	  INSERT INTO node0.t VALUES (5, 'x');
	  UPDATE node0.t SET v = 'x' WHERE id = 1;
	  COMMIT;});
is($error->{sqlstate}, '57P03', 'the end of a transaction at a node that leads no more is an error');
is($error->{message}, 'no leader of the KalamDB cluster behind server "kalam_server" was found', 'the message says that the node is not the leader');
is($node->sql('SELECT * FROM node0.t'), '1|node0', 'nothing of the transaction was written at that node');
is($node->sql('SELECT * FROM node2.t'), '1|node2', 'nothing of the transaction was written elsewhere');

# ---- An address that system.cluster does not list gets no call, and no credentials
forget();
follow(1, 'http://' . rpc(3));
follow($_, 'http://' . rpc(3)) for 0, 2;
$error = $node->error('SELECT * FROM impatient.t');
is($error->{sqlstate}, '57P03', 'a leader that the cluster does not list is an error');
is($error->{message}, 'no leader of the KalamDB cluster behind server "impatient" was found', 'a leader that the cluster does not list is not believed');
like($error->{hint}, qr/election/, 'the hint says what to do');
is(scalar($stranger->calls), 0, 'nobody spoke to the node that the cluster does not list');

# ---- A circle: each node names the next one
forget();
follow($_, api(($_ + 1) % 3)) for 0 .. 2;
$error = $node->error('SELECT * FROM impatient.t');
is($error->{sqlstate}, '57P03', 'a circle of nodes ends');
my $asked = () = map { $_->calls('Scan') } @stubs;
cmp_ok($asked, '>=', 4, "the circle ends after some rounds ($asked calls)");
cmp_ok($asked, '<=', 60, 'the rounds have pauses between them');

# ---- It can be cancelled, and the session goes on
$session = $node->session;
my $pid = $session->pid;
$session->send('SELECT v FROM cluster.t;');
$node->wait_for_call($pid);
$node->sql("SELECT pg_cancel_backend($pid)");
$session->wait_for(qr/ERROR/);
$_->clear_faults for @stubs;
$session->send(q{SELECT 'then ' || v FROM cluster.t;});
($out, $err) = $session->finish;
is(KalamNode::parse_error($err)->{sqlstate}, '57014', 'a search for the leader can be cancelled');
like($out, qr/^then node[0-2]$/m, 'the session works afterwards');

# ---- Nobody leads for a while
forget();
$stubs[1]->fault({ method => 'Scan', call => 1, times => 3, not_leader => 'none' });
is($node->sql('SELECT v FROM cluster.t'), 'node1', 'an election is waited for');
is(scans(), '0 4 0', 'the nodes are asked again during an election');

# ---- The leader dies: the follower still names it, and then the new one
forget();
follow(1, api(0));
$session = $node->session;
$session->send('SELECT v FROM cluster.t;');
$session->wait_for(qr/node0/);
$stubs[0]->fault({ method => 'Scan', kill => JSON::PP::true });
$stubs[1]->clear_faults;
$stubs[1]->fault({ method => 'Scan', call => 1, times => 3, not_leader => api(0) });
$stubs[1]->fault({ method => 'Scan', call => 4, times => 1000, not_leader => api(2) });
$session->send('SELECT v FROM cluster.t;');
($out, $err) = $session->finish;
is($out, "node0\nnode2\n", 'the dead leader is left');
is($err, '', 'leaving a dead leader is no error');
$stubs[0]->killed;

KalamNode::finish();
