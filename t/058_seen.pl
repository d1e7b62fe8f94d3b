# What an operator sees of several sessions: counters in shared memory, their rights and their end, lines in the log.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub,
	conf => "session_preload_libraries = ''\nshared_preload_libraries = 'pg_kalam'\nlog_min_messages = debug1\n");
my $has_names = $node->sql('SHOW server_version_num') >= 170000;

sub of_table
{
	my ($table, $columns) = @_;
	return $node->sql("SELECT $columns FROM kalam_stat_tables WHERE relname = '$table'");
}

sub of_server
{
	my ($columns) = @_;
	return $node->sql("SELECT $columns FROM kalam_stat_servers WHERE server_name = 'kalam_server'");
}

# ---- Counts of several sessions

$node->sql('CREATE SCHEMA app; CREATE TABLE app.c (id int PRIMARY KEY, v text) USING kalamdb');
$node->sql('SELECT kalam_stat_reset()');
is($node->sql('SELECT count(*) FROM kalam_stat_tables'), '0', 'there is nothing to see after a reset');
$node->sql(q{INSERT INTO app.c SELECT i, 'planted' || i FROM generate_series(1, 10) i});
is(of_table('c', 'schemaname, server_name, inserts, rows_written, failures'), 'app|kalam_server|1|10|0', 'an INSERT is counted with its rows');
$node->sql('SELECT v FROM app.c WHERE id = 3') for 1 .. 3;
is(of_table('c', 'lookups, rows_read, scans'), '3|3|0', 'lookups of three sessions are counted together');
$node->sql('SELECT v FROM app.c WHERE id IN (4, 5)');
is(of_table('c', 'lookups, rows_read'), '5|5', 'each key is a lookup');
$node->sql(q{UPDATE app.c SET v = 'planted' WHERE id = 1; DELETE FROM app.c WHERE id = 2});
is(of_table('c', 'updates, deletes, rows_written'), '1|1|12', 'an UPDATE and a DELETE are counted');
$node->sql('SELECT kalam_stat_reset()');
$node->sql('SELECT count(v) FROM app.c');
is(of_table('c', 'scans, rows_read, scans_repeated, completeness_questions > 0, bytes_sent > 0, bytes_received > 0, wait_time > 0'),
	'1|9|0|t|t|t|t', 'a scan is counted with its rows, bytes and wait');
is(of_server('scans, rows_read, sessions, unknown_outcomes, leader_changes, stats_since <= now()'), '1|9|1|0|0|t',
	'and so it is for the server, with the session that was opened');
$node->sql(q{SELECT kalam_flush('app.c')});
is(of_table('c', 'flushes'), '1', 'a flush is counted');

# ---- Failures

is($node->error(q{INSERT INTO app.c VALUES (1, 'planted')})->{sqlstate}, '23505', 'a key that is there is refused');
is(of_table('c', 'inserts, failures, conflicts'), '1|1|0', 'a refused request is a failure');
{
	my $session = $node->session;
	$session->send(q{BEGIN; UPDATE app.c SET v = 'planted mine' WHERE id = 5; SELECT 'changed';});
	$session->wait_for(qr/changed/);
	$node->sql(q{SELECT kalam_exec('UPDATE app.c SET v = ''planted theirs'' WHERE id = 5')});
	$session->send('COMMIT;');
	my ($out, $err) = $session->finish;
	like($err, qr/40001/, 'a row that another client has changed is a conflict');
	is(of_table('c', 'conflicts') . of_server('conflicts'), '11', 'a conflict is counted');
}
$stub->fault({ method => 'Insert', call => 1, cut => 'after' });
is($node->error(q{INSERT INTO app.c VALUES (20, 'planted')})->{sqlstate}, '08007', 'a lost answer to an INSERT is an unknown outcome');
$stub->clear_faults;
is(of_server('unknown_outcomes'), '1', 'an unknown outcome is counted');

# ---- Dropped tables

my $scans = of_table('c', 'scans');
$node->sql('BEGIN; SAVEPOINT a; DROP TABLE app.c; ROLLBACK TO a; COMMIT');
is(of_table('c', 'scans'), $scans, 'a table whose DROP was rolled back keeps its counts');
my $shown = $node->sql('SELECT count(*) FROM kalam_stat_get_tables()');
$node->sql('DROP TABLE app.c');
is($node->sql('SELECT count(*) FROM kalam_stat_get_tables()'), $shown - 1, 'a table that is dropped has no counts any more');

# ---- Rights

$node->create_numbers('t', 5);
$node->sql('CREATE ROLE watcher; CREATE ROLE reader; GRANT pg_read_all_stats TO watcher');
my $seen_by = sub { my ($role) = @_; return $node->sql("SET ROLE $role; SELECT count(*) FROM kalam_stat_tables; SELECT count(*) FROM kalam_stat_servers") };
is($seen_by->('watcher'), "1\n1", 'pg_read_all_stats sees all counts');
is($seen_by->('reader'), "0\n0", 'a role without rights on a table sees no counts');
$node->sql('GRANT SELECT ON app.t TO reader');
is($seen_by->('reader'), "1\n0", 'a role with some right on a table sees its counts');
$node->sql('GRANT USAGE ON FOREIGN SERVER kalam_server TO reader');
is($seen_by->('reader'), "1\n1", 'USAGE on a server shows its counts');
is($node->error('SET ROLE watcher; SELECT kalam_stat_reset()')->{sqlstate}, '42501', 'a reset is for superusers');
$node->sql('GRANT EXECUTE ON FUNCTION kalam_stat_reset() TO watcher; SET ROLE watcher; SELECT kalam_stat_reset()');
is($seen_by->('watcher'), "0\n0", 'and for roles that are granted it');

# ---- Other databases

$node->sql('SELECT count(*) FROM app.t');
$node->sql('CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION pg_kalam');
is($node->safe_psql('other', 'SELECT count(*) FROM kalam_stat_tables'), '0', 'another database has counts of its own');
$node->safe_psql('other', 'SELECT kalam_stat_reset()');
isnt(of_table('t', 'count(*)'), '0', 'a reset is of one database');

# ---- More tables than there is room for

$node->sql(q{SELECT kalam_stat_reset(); CREATE SCHEMA many;
	DO $$ BEGIN FOR i IN 1 .. 1002 LOOP
	  EXECUTE format('CREATE FOREIGN TABLE many.t%s (id int NOT NULL) SERVER kalam_server OPTIONS (namespace %L, "table" %L)', i, 'app', 't');
	END LOOP; END $$;});
$node->sql(q{DO $$ BEGIN FOR i IN 1 .. 1002 LOOP EXECUTE format('SELECT id FROM many.t%s WHERE id = 1', i); END LOOP; END $$;});
is($node->sql('SELECT relid IS NULL, count(*), sum(lookups) FROM kalam_stat_tables GROUP BY 1 ORDER BY 1'), "f|1000|1000\nt|1|2",
	'what finds no room is counted in one row');
is($node->sql('SET ROLE reader; SELECT count(*) FROM kalam_stat_tables WHERE relid IS NULL'), '0',
	'which is not for everybody');
$node->sql('SET client_min_messages = error; DROP SCHEMA many CASCADE; SELECT count(*) FROM app.t');
is(of_table('t', 'scans'), '1', 'tables that are dropped make room');

# ---- Waits

{
	$stub->fault({ method => 'Scan', black_hole => JSON::PP::true });
	my $session = $node->session;
	my $pid = $session->pid;
	$session->send('SELECT count(v) FROM app.t;');
	$node->wait_for_call($pid);
	my $event = $has_names ? 'KalamdbScan' : 'Extension';
	ok($node->poll_query_until('postgres', "SELECT wait_event = '$event' FROM pg_stat_activity WHERE pid = $pid"),
		"a wait for a scan is called $event");
	$node->sql("SELECT pg_cancel_backend($pid)");
	$session->finish;
	$stub->clear_faults;
}

# ---- The log

my $log = slurp_file($node->logfile);
like($log, qr/KalamDB server "kalam_server": scan of \S*app\.c: [\d.]+ ms, waited [\d.]+ ms, bytes sent: \d+, bytes received: \d+/,
	'the log says what was asked for, where, for how long and how much');
like($log, qr/insert of \S*app\.c failed \(duplicate_key\)/, 'and why it failed');
unlike(join("\n", grep { /KalamDB server "/ } split /\n/, $log), qr/planted/, 'no line about a call has a value');
my $token = $stub->token;
unlike($log, qr/DEBUG.*\Q$token\E/, 'nor the secret') if $token ne '';

# ---- The end

$node->restart;
is($node->sql('SELECT count(*) FROM kalam_stat_tables'), '0', 'counts end with the server');

SKIP:
{
	skip 'PostgreSQL keeps the counters without preloading', 3 if $has_names;
	my $plain = KalamNode->new('plain', stub => $stub);
	$plain->sql('CREATE SCHEMA plain; CREATE TABLE plain.t (id int PRIMARY KEY) USING kalamdb; INSERT INTO plain.t VALUES (1)');
	my ($code, $out, $err) = $plain->psql('postgres', 'SELECT count(*) FROM kalam_stat_tables');
	is($out, '0', 'without preloading nothing is counted');
	like($err, qr/NOTICE:  calls to KalamDB are not counted\nHINT:  Add "pg_kalam" to shared_preload_libraries/, 'and that is said');
	is($plain->sql(q{SELECT value FROM kalam_status() WHERE name = 'counters'}), 'off', 'kalam_status() says so, too');
}

KalamNode::finish();
