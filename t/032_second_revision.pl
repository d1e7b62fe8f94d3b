# The second revision of the protocol: session tokens, sessions that end when they are opened again, transactions that
# are not begun twice, commits that happen wholly or not at all. (012_r2.pl: whether scans are complete.)
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--mode', 'r2' ]);
my $node = KalamNode->new('main', stub => $stub);

$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text, n numeric(10, 2)) USING kalamdb;
	  CREATE TABLE app.notes (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'user');
	  INSERT INTO app.t VALUES (1, 'one', 1.5), (2, 'two', NULL);});

# ---- Rows, and the columns of the system
is($node->sql('SELECT id, v, n FROM app.t ORDER BY id'), "1|one|1.50\n2|two|", 'rows are read');
like($node->sql(q{SELECT kalam_exec('SELECT column_name FROM system.columns WHERE table_name = ''t''')}),
	qr/_version/, 'the version column has its new name');
is($node->sql(q{UPDATE app.t SET v = 'ONE' WHERE id = 1; DELETE FROM app.t WHERE id = 2; SELECT id, v FROM app.t}),
	'1|ONE', 'UPDATE and DELETE work');

# ---- Every call but the first carries the token of its session
my @calls = $stub->calls;
my @without = grep { $_->{method} !~ /^(?:OpenSession|Ping)$/ && !$_->{headers}{'x-kalam-session-token'} } @calls;
is(scalar(@without), 0, 'every call carries a token');
is((grep { $_->{code} ne 'OK' } @calls), 0, 'no call was refused');

# ---- A session that was pruned is opened again, with a new token
my $session = $node->session;
$session->send('SELECT count(*) FROM app.t;');
$session->wait_for(qr/^1$/m);
$stub->control('prune');
$session->send(q{SELECT 'after ' || count(*) FROM app.t;});
$session->wait_for(qr/after|ERROR/);

# ---- A silence of minutes
$stub->advance('10m');
$session->send(q{BEGIN; INSERT INTO app.t VALUES (3, 'three', 3), (4, 'four', 4); UPDATE app.t SET v = 'first' WHERE id = 1; COMMIT;});
$session->send(q{SELECT string_agg(id || v, ' ' ORDER BY id) FROM app.t;});
my ($out, $err) = $session->finish;
is($err, '', 'a transaction after a silence is no error');
like($out, qr/^after 1$/m, 'a pruned session is opened again');
like($out, qr/^1first 3three 4four$/m, 'a transaction after a silence is stored');

# ---- What a commit cannot do leaves nothing behind
$stub->fault({ method => 'CommitTransaction', call => 1, abort => JSON::PP::true });
my $error = $node->error(
	q{BEGIN; INSERT INTO app.t VALUES (5, 'five', 5); DELETE FROM app.t WHERE id = 1; COMMIT});
is($error->{sqlstate}, '40000', 'a transaction that the server aborted is an error');
is($node->sql('SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM app.t'), '1 3 4', 'nothing of the aborted transaction is stored');
$stub->clear_faults;

# ---- A user's table
is($node->sql(
	q{SET kalam.user_id = 'alice'; INSERT INTO app.notes VALUES (1, 'hers'); SET kalam.user_id = 'bob';
	  INSERT INTO app.notes VALUES (1, 'his'); SELECT v FROM app.notes; SET kalam.user_id = 'alice'; SELECT v FROM app.notes;}),
	"his\nhers", 'each user has rows of their own');

# ---- More changes than a transaction holds
$error = $node->error(
	q{CREATE TABLE app.wide (id int PRIMARY KEY, v text) USING kalamdb;
	  CREATE TABLE app.other (id int PRIMARY KEY, v text) USING kalamdb;
	  BEGIN;
	  INSERT INTO app.other VALUES (1, 'x');
	  INSERT INTO app.wide SELECT i, 'x' FROM generate_series(1, 70000) i;
	  COMMIT;});
is($error->{sqlstate}, '40000', 'more than 65,536 changes in a transaction are an error');
is($error->{hint}, 'Change fewer rows in one transaction.', 'the hint says what to do');
is($node->sql('SET client_min_messages = warning; SELECT (SELECT count(*) FROM app.wide), (SELECT count(*) FROM app.other)'), '0|0',
	'nothing of the changes is stored');

KalamNode::finish();
