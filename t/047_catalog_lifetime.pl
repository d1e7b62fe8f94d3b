# How long a write trusts what the session knows of a table's definition, and what happens to a table that changes
# meanwhile: through this PostgreSQL, or through another client of KalamDB.
use strict;
use warnings;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
my $other = KalamNode->new('other', stub => $stub);
$node->sql('CREATE DATABASE second');
$node->safe_psql('second', 'CREATE EXTENSION pg_kalam');
$node->safe_psql('second', 'CREATE SERVER kalam_server FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '
	  . KalamNode::quote($stub->host) . ', port ' . KalamNode::quote($stub->port)
	  . '); CREATE USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (auth_header ' . KalamNode::quote($stub->token) . ')');
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text, w text) USING kalamdb;
	  CREATE TABLE app.kind (id int PRIMARY KEY, v text) USING kalamdb;
	  CREATE TABLE app.mine (id int PRIMARY KEY, v text) USING kalamdb WITH (type = 'user');
	  CREATE TABLE app.coded (id int PRIMARY KEY, v text) USING kalamdb;});

# Statements of another client of KalamDB, which this PostgreSQL knows nothing of.
sub elsewhere
{
	$other->sql('SELECT kalam_exec(' . KalamNode::quote($_) . ')') for @_;
	return;
}

# What a statement of the session in the background gives, and how many questions it asks KalamDB's catalog.
my $session = $node->session;
my $number = 0;

sub run
{
	my ($sql) = @_;
	$stub->forget_calls;
	$number++;
	$session->send("$sql;\n\\warn end $number\n");
	$session->wait_for(qr/^end $number$/m);
	my ($text) = ${ $session->{err} } =~ /(?:^end @{[ $number - 1 ]}\n|\A)(.*?)^end $number$/ms;
	return { error => $text, questions => scalar(grep { ($_->{sql} // '') =~ /system\.(?:tables|columns)/ } $stub->calls('ExecuteQuery')) };
}

sub stored { my ($table, $user) = @_; return $other->sql(($user ? "SET kalam.user_id = '$user'; " : '') . "SELECT count(*) FROM $table"); }

# ---- Within the lifetime nothing is asked
run(q{SET kalam.catalog_lifetime = '1h'; SET kalam.user_id = 'alice'; INSERT INTO app.t VALUES (1, 'a', 'x')});
is(run(q{INSERT INTO app.t VALUES (2, 'b', 'x')})->{questions}, 0, 'an INSERT trusts a definition that was read within kalam.catalog_lifetime');
is(run(q{UPDATE app.t SET v = 'c' WHERE id = 2})->{questions}, 0, 'so does an UPDATE');
is(run(q{DELETE FROM app.t WHERE id = 2})->{questions}, 0, 'and a DELETE');
is(run(q{SET kalam.catalog_lifetime = 0; INSERT INTO app.t VALUES (3, 'b', 'x')})->{questions}, 1, 'with 0 every statement asks');
is(run(q{INSERT INTO app.t VALUES (4, 'b', 'x')})->{questions}, 1, 'each time');
is(run(q{SET kalam.catalog_lifetime = '1h'; INSERT INTO app.t VALUES (5, 'b', 'x')})->{questions}, 0, 'what was asked then is trusted');

# ---- Changes through this PostgreSQL are known at once
$node->sql('CREATE TABLE app.unrelated (id int PRIMARY KEY) USING kalamdb');
is(run(q{INSERT INTO app.t VALUES (6, 'b', 'x')})->{questions}, 1, 'a change of another table ends the trust once');
is(run(q{INSERT INTO app.t VALUES (7, 'b', 'x')})->{questions}, 0, 'and not for longer');
$node->safe_psql('second', q{SELECT kalam_exec('INSERT INTO app.unrelated (id) VALUES (1)')});
is(run(q{INSERT INTO app.t VALUES (8, 'b', 'x')})->{questions}, 0, 'a statement that changes rows alone does not end it');
$node->safe_psql('second', q{SELECT kalam_exec('ALTER TABLE app.t DROP COLUMN w')});
like(run(q{INSERT INTO app.t VALUES (9, 'b', 'x')})->{error}, qr/42703/, 'a column that was dropped through another database is noticed at once');

# ---- Changes of other clients within the lifetime
$other->sql(q{CREATE SCHEMA app; IMPORT FOREIGN SCHEMA app FROM SERVER kalam_server INTO app});
run(q{INSERT INTO app.kind VALUES (1, 'a'); INSERT INTO app.mine VALUES (1, 'a'); INSERT INTO app.coded VALUES (1, 'a')});

elsewhere('DROP TABLE app.kind', 'CREATE USER TABLE app.kind (id INT PRIMARY KEY, v TEXT)',
	'DROP TABLE app.mine', 'CREATE SHARED TABLE app.mine (id INT PRIMARY KEY, v TEXT)',
	'DROP TABLE app.coded', 'CREATE SHARED TABLE app.coded (code INT PRIMARY KEY, id INT, v TEXT)');
$other->sql('DROP SCHEMA app CASCADE; CREATE SCHEMA app; IMPORT FOREIGN SCHEMA app FROM SERVER kalam_server INTO app');
like(run(q{INSERT INTO app.kind VALUES (2, 'b')})->{error}, qr/ERROR/, 'a shared table that has become a user table takes no row');
like(run(q{INSERT INTO app.mine VALUES (2, 'b')})->{error}, qr/ERROR/, 'a user table that has become a shared one takes no row');
like(run(q{INSERT INTO app.coded VALUES (2, 'b'), (3, 'c')})->{error}, qr/ERROR/, 'a table that has got another key takes no rows');
like(run(q{UPDATE app.coded SET v = 'd' WHERE id = 1})->{error}, qr/ERROR/, 'and lets none be changed');
is(stored('app.kind', 'alice') . stored('app.mine') . stored('app.coded'), '000', 'nothing is stored in any of them');

$session->finish;
KalamNode::finish();
