# Options of servers, user mappings and tables that change while statements run and wait: what has been started goes on
# with what it began with, and no session ends for it.
#
# KALAM_LONG_TESTS=1: for a minute.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $other = KalamStub->new(name => 'other');
my $node = KalamNode->new('main', stub => $stub);
my $token = KalamNode::quote($stub->token);
$node->sql(
	qq{CREATE ROLE eve; CREATE SCHEMA app AUTHORIZATION eve; GRANT USAGE ON FOREIGN SERVER kalam_server TO eve;
	   SET ROLE eve;
	   CREATE USER MAPPING FOR eve SERVER kalam_server OPTIONS (auth_header $token);
	   CREATE TABLE app.t (id int PRIMARY KEY, a int, b int) USING kalamdb;
	   INSERT INTO app.t SELECT i, i, i FROM generate_series(1, 20) i;});

# Runs a statement as eve, and another one in between, while the call waits that the fault delays.
sub while_waiting
{
	my ($fault, $statement, $between) = @_;
	$stub->clear_faults;
	$stub->fault({ call => 1, times => 1, delay_ms => 2000, %$fault });
	my $session = $node->session;
	$session->send("SET ROLE eve; $statement; SELECT 'done';");
	$stub->wait_for_hits(1);
	$node->sql($between);
	my ($out, $err) = $session->finish;
	$stub->clear_faults;
	return ($out, $err);
}
my $drop_mapping = 'DROP USER MAPPING FOR eve SERVER kalam_server';
my $make_mapping = "CREATE USER MAPPING FOR eve SERVER kalam_server OPTIONS (auth_header $token)";

# ---- The user mapping goes while ALTER TABLE looks for NULLs, which takes a second connection from then on
my ($out, $err) = while_waiting({ method => 'Scan' },
	'ALTER TABLE app.t ALTER a SET NOT NULL, ALTER b SET NOT NULL', $drop_mapping);
is("$out$err", "done\n", 'ALTER TABLE whose user mapping goes meanwhile ends well');
is($node->sql(q{SELECT kalam_exec('SELECT column_name FROM system.columns WHERE table_name = ''t'' AND nullable = false LIMIT 9')}),
	'[{"column_name":"id"},{"column_name":"a"},{"column_name":"b"},{"column_name":"_seq"},{"column_name":"_deleted"}]',
	'ALTER TABLE has changed the remote columns');
$node->sql($make_mapping);

# ---- … while CREATE TABLE asks whether the table is there, and an event trigger uses the server before it is made
$node->sql(
	q{CREATE FUNCTION app.looks() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM count(*) FROM app.t; END';
	  CREATE EVENT TRIGGER looks ON ddl_command_start WHEN TAG IN ('CREATE FOREIGN TABLE', 'CREATE TABLE')
	    EXECUTE FUNCTION app.looks();});
($out, $err) = while_waiting({ method => 'ExecuteQuery' },
	'CREATE TABLE app.made (id int PRIMARY KEY, v int) USING kalamdb; INSERT INTO app.made VALUES (1, 1)', $drop_mapping);
is("$out$err", "done\n", 'CREATE TABLE whose user mapping goes meanwhile ends well');
is($node->sql('SELECT count(*) FROM app.made'), '1', 'the table exists');
$node->sql($make_mapping);
($out, $err) = while_waiting({ method => 'ExecuteQuery' },
	q{CREATE FOREIGN TABLE app.shown (id int, v int) SERVER kalam_server OPTIONS ("table" 'made'); SELECT count(*) FROM app.shown},
	$drop_mapping);
is("$out$err", "1\ndone\n", 'CREATE FOREIGN TABLE of an existing table goes on too');
$node->sql("DROP EVENT TRIGGER looks; $make_mapping");

# ---- … while a function, an import or a flush waits
for my $case (
	[ 'kalam_exec', 'ExecuteQuery', q{SELECT kalam_exec('SELECT count(*) AS n FROM app.t')}, qr/\A\[\{"n":20\}\]\ndone\n\z/ ],
	[ 'IMPORT', 'ExecuteQuery', 'CREATE SCHEMA imported; IMPORT FOREIGN SCHEMA app FROM SERVER kalam_server INTO imported', qr/\Adone\n\z/ ],
	[ 'kalam_flush', 'ExecuteSql', q{SELECT left(kalam_flush('app.t'), 7)}, qr/\AFlushed\ndone\n\z/ ])
{
	my ($name, $method, $statement, $expected) = @$case;
	$node->sql('GRANT EXECUTE ON FUNCTION kalam_exec(text) TO eve; GRANT CREATE ON DATABASE postgres TO eve');
	($out, $err) = while_waiting({ method => $method }, $statement, $drop_mapping);
	like("$out$err", $expected, "$name whose user mapping goes meanwhile ends well");
	$node->sql($make_mapping);
}

# ---- A transaction that has changed rows goes on where it began; one whose changes were rolled back does not
my $port = KalamNode::quote($stub->port);
my $other_port = KalamNode::quote($other->port);
$node->sql(
	qq{ALTER SERVER kalam_server OPTIONS (SET port $other_port);
	   CREATE SCHEMA far; CREATE TABLE far.made (id int PRIMARY KEY, v int) USING kalamdb;
	   ALTER SERVER kalam_server OPTIONS (SET port $port)});
is( $node->sql(
		qq{BEGIN; INSERT INTO app.t VALUES (21, 21, 21); ALTER SERVER kalam_server OPTIONS (SET port $other_port);
		   INSERT INTO app.t VALUES (22, 22, 22); SELECT count(*) FROM app.t; COMMIT;
		   ALTER SERVER kalam_server OPTIONS (SET port $port); SELECT count(*) FROM app.t;}),
	"22\n22", 'rows go to the server that the first of them was for');
$other->forget_calls;
is( $node->sql(
		qq{BEGIN; SAVEPOINT s; ALTER SERVER kalam_server OPTIONS (SET port $other_port);
		   INSERT INTO far.made VALUES (1, 1); ROLLBACK TO s;
		   ALTER SERVER kalam_server OPTIONS (SET port $other_port); INSERT INTO far.made SELECT 2, 2 WHERE false; ROLLBACK TO s;
		   INSERT INTO app.t VALUES (23, 23, 23); SELECT count(*) FROM app.t; COMMIT; SELECT count(*) FROM app.t;}),
	"23\n23", 'a server that ROLLBACK TO has taken back is not written to');
is(scalar $other->calls('Insert'), 0, 'the server that was taken back gets no request');

# ---- Beside running statements: mappings come and go, servers and tables get options
my $long = $ENV{KALAM_LONG_TESTS};
my $rounds = $long ? 600 : 25;
$node->sql(
	q{CREATE TABLE app.counter (id int PRIMARY KEY, n int) USING kalamdb; INSERT INTO app.counter VALUES (1, 0), (2, 0);
	  ALTER FOREIGN TABLE app.counter OWNER TO eve;
	  CREATE TABLE public.counted (n int); GRANT ALL ON public.counted TO eve;
	  CREATE TABLE public.stop (n int); GRANT ALL ON public.stop TO eve;});
# A loop in the server until the table "stop" has a row.
sub churn
{
	my ($step) = @_;
	my $session = $node->session;
	$session->send(
		"DO \$do\$ DECLARE i int := 0; BEGIN WHILE NOT EXISTS (SELECT FROM public.stop) LOOP i := i + 1; $step; COMMIT; END LOOP; END \$do\$;");
	return $session;
}
my @churn = (
	churn("IF i % 2 = 0 THEN $make_mapping; ELSE $drop_mapping; END IF"),
	churn(q{EXECUTE format('ALTER SERVER kalam_server OPTIONS (%s timeout %L)', CASE i WHEN 1 THEN 'ADD' ELSE 'SET' END, 30000 + i)}),
	churn(q{EXECUTE format('ALTER USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (%s user_id %L)', CASE i WHEN 1 THEN 'ADD' ELSE 'SET' END, 'u' || i)}),
	churn(q{EXECUTE format('ALTER FOREIGN TABLE app.t OPTIONS (SET on_drop %L)', CASE i % 2 WHEN 1 THEN 'keep' ELSE 'drop' END)}));

sub work
{
	my ($statements) = @_;
	my $session = $node->session;
	$session->send("SET ROLE eve; SET lock_timeout = '60s';");
	$session->send($statements->($_)) for 1 .. $rounds;
	return $session;
}
my %work = (
	scans   => work(sub { 'SELECT count(*) + sum(a - b) FROM app.t;' }),
	keys    => work(sub { 'SELECT a FROM app.t WHERE id IN (3, 4, 5) ORDER BY id;' }),
	writes  => work(sub { 'BEGIN; UPDATE app.counter SET n = n + 1; INSERT INTO public.counted VALUES (1); COMMIT;' }),
	cursors => work(
		sub { 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM app.t ORDER BY id; FETCH 2 c; SELECT count(*) FROM app.counter; FETCH 2 c; COMMIT;' }),
	ddl => work(
		sub { my ($i) = @_; "CREATE TABLE app.d$i (id int PRIMARY KEY) USING kalamdb; ALTER TABLE app.d$i ADD COLUMN v int; INSERT INTO app.d$i (id, v) VALUES (1, 2); SELECT v FROM app.d$i; DROP TABLE app.d$i;" }));
my %expected = (scans => "23\n", keys => "3\n4\n5\n", writes => '', cursors => "1\n2\n2\n3\n4\n", ddl => "2\n");
for my $name (sort keys %work)
{
	my ($rows, $errors) = $work{$name}->finish;
	is($rows, $expected{$name} x $rounds, "$name: every answer is right beside changes of options");
	is($errors, '', 'no statement fails');
}
$node->sql('INSERT INTO public.stop VALUES (1)');
for my $session (@churn)
{
	(undef, $err) = $session->finish;
	is($err, '', 'changes of options succeed');
}
is($node->sql('SELECT string_agg(n::text, \' \') = (SELECT concat_ws(\' \', count(*), count(*)) FROM public.counted) FROM app.counter'),
	't', 'no update is lost or doubled');
is($node->sql('SELECT count(*) FROM public.counted'), $rounds, 'all updates were made');

KalamNode::finish();
