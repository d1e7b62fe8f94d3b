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
	# What comes behind the last statement's end.
	my $before = $number > 1 ? qr/^end @{[ $number - 1 ]}\n/m : qr/\A/;
	my ($text) = ${ $session->{err} } =~ /$before(.*?)^end $number$/ms;
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
is(stored('app.kind', 'alice') . stored('app.mine') . stored('app.coded'), '000', 'nothing is stored in any of them');

# One row cannot be told from a row of the new table: KalamDB ignores what it does not know, and fills in what is
# missing. The next row that lacks the key is a duplicate.
unlike(run(q{INSERT INTO app.coded VALUES (4, 'd')})->{error}, qr/ERROR/, 'a single row that lacks the new key is stored');
is($other->sql('SELECT code, id, v FROM app.coded'), '0|4|d', 'under the key 0');
like(run(q{INSERT INTO app.coded VALUES (5, 'e')})->{error}, qr/ERROR:  23505/, 'and no second one is');

# The answer of a look-up tells which column is the key. The row of id 1 is another one than that of key 1.
$other->sql(q{INSERT INTO app.coded VALUES (2, 1, 'mine'), (1, 3, 'another')});
like(run(q{UPDATE app.coded SET v = 'd' WHERE id = 1})->{error}, qr/ERROR:  55000/, 'an UPDATE by the former key is refused');
like(run(q{DELETE FROM app.coded WHERE id = 1})->{error}, qr/ERROR:  55000/, 'so is a DELETE');
like(run(q{SET kalam.catalog_lifetime = 0; INSERT INTO app.coded VALUES (6, 'f')})->{error}, qr/ERROR:.*no column for the key/,
	'without the lifetime the key is compared before a row is sent');
is($other->sql('SELECT id, v FROM app.coded ORDER BY id'), "1|mine\n3|another\n4|d", 'and nothing more is stored or changed');

# ---- Plans that are kept look rows up by the key that the table had
elsewhere('CREATE SHARED TABLE app.swapped (id INT PRIMARY KEY, code INT, v TEXT)');
run(q{SET kalam.catalog_lifetime = '1h'; SET plan_cache_mode = force_generic_plan;
	CREATE FOREIGN TABLE app.swapped (id int NOT NULL, code int, v text) SERVER kalam_server;
	PREPARE by_id(int) AS SELECT v FROM app.swapped WHERE id = $1;
	PREPARE changes(int) AS UPDATE app.swapped SET v = v || '!' WHERE id = $1;
	PREPARE joined AS SELECT string_agg(s.v, ' ' ORDER BY g.i) AS v FROM generate_series(1, 2) g(i) LEFT JOIN app.swapped s ON s.id = g.i;
	EXECUTE by_id(1); EXECUTE changes(1); EXECUTE joined});
elsewhere('DROP TABLE app.swapped', 'CREATE SHARED TABLE app.swapped (id INT, code INT PRIMARY KEY, v TEXT)',
	q{INSERT INTO app.swapped (id, code, v) VALUES (1, 2, 'one')}, q{INSERT INTO app.swapped (id, code, v) VALUES (2, 1, 'two')});
sub value_of
{
	my ($sql) = @_;
	$number++;
	$session->send("\\unset v\n$sql \\gset\n\\warn end $number\n");
	$session->wait_for(qr/^end $number$/m);
	return run('\warn value :v')->{error} =~ /^value (.*?);?$/m ? $1 : undef;
}
is(value_of('EXECUTE by_id(1)'), 'one', 'a scan finds the rows of another key before anybody knows of it');
run(q{SET kalam.catalog_lifetime = 0; INSERT INTO app.swapped VALUES (3, 3, 'three')});
is(value_of('EXECUTE by_id(1)'), 'one', 'a plan that is kept is made again when the key is known to be another one');
is(value_of('EXECUTE joined'), 'one two', 'also that of a join by key');
unlike(run('EXECUTE changes(1)')->{error}, qr/ERROR/, 'and that of an UPDATE');
$other->sql('CREATE FOREIGN TABLE app.swapped (id int, code int NOT NULL, v text) SERVER kalam_server');
is($other->sql('SELECT id, v FROM app.swapped ORDER BY id'), "1|one!\n2|two\n3|three", 'which changes the row that it names');

$session->finish;
KalamNode::finish();
