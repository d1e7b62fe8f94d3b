# A key that is there already is a unique violation of the statement that inserts it, also inside of transaction blocks. One
# script (data/duplicate_keys.sql) is run on an ordinary table and on KalamDB tables. Then what the question costs.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamScript;
use KalamStub;

my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
my $elsewhere = KalamNode->new('elsewhere', stub => $stub);
my $script = slurp_file('data/duplicate_keys.sql');

sub tables
{
	my ($schema, $key, $kind) = @_;
	my $using = $kind ? "USING kalamdb WITH (type = '$kind')" : '';
	my $unique = $kind ? '' : "ALTER TABLE p ADD PRIMARY KEY ($key);";
	return qq{CREATE SCHEMA $schema; SET search_path = $schema; SET kalam.user_id = 'keys';
		CREATE TABLE t ($key int PRIMARY KEY, v text) $using; CREATE TABLE log (n int);
		CREATE TABLE part (v text, $key int PRIMARY KEY) $using;
		CREATE TABLE p ($key int NOT NULL, v text) PARTITION BY RANGE ($key);
		ALTER TABLE p ATTACH PARTITION part FOR VALUES FROM (0) TO (1000); $unique
		INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 5) i;};
}

sub answers
{
	my ($schema, $key, $kind) = @_;
	$node->sql(tables($schema, $key, $kind));
	my $settings = $kind ? "SET kalam.user_id = 'keys'; SET kalam.write_mode = " . ($key eq 'id' ? 'atomic' : 'autocommit') . ';' : '';
	my $text = $script =~ s/\bKEY\b/$key/gr;
	return KalamScript::answers($node, "keys_$schema", "SET search_path = $schema;\n$settings\n$text", '-- in a block the');
}

for my $key (qw(id code))
{
	my $expected = answers("heap_$key", $key, '');
	cmp_ok(scalar(() = $expected =~ /^ERROR:  23505/mg), '>', 25, "$key: the script has many duplicate keys");
	for my $kind (qw(shared user))
	{
		my $got = answers("${kind}_$key", $key, $kind);
		is(KalamScript::difference($expected =~ s/heap_$key/here/gr, $got =~ s/${kind}_$key/here/gr), '', "$kind table with key \"$key\": the same answers");
	}
}

# ---- Requests

$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  CREATE TABLE app.code (code text PRIMARY KEY, v int) USING kalamdb;
	  CREATE TABLE app.ids (id bigint PRIMARY KEY DEFAULT snowflake_id(), v text) USING kalamdb;
	  CREATE FOREIGN TABLE app.remote_ids (id bigint, v text) SERVER kalam_server OPTIONS (namespace 'app', "table" 'ids');
	  CREATE TABLE app.stream (id int, v text) USING kalamdb WITH (type = 'stream', ttl_seconds = 3600);
	  INSERT INTO app.t SELECT i, 'x' FROM generate_series(1, 1000) i;
	  INSERT INTO app.code SELECT i, i FROM generate_series(1, 1000) i;});
$elsewhere->sql(
	q{CREATE SCHEMA other;
	  CREATE FOREIGN TABLE other.t (id int, v text) SERVER kalam_server OPTIONS (namespace 'app', "table" 't')});

# Calls of statements in one session that is warm, questions about the catalog left out: Scan(key) is a lookup.
sub requests
{
	my ($sql) = @_;
	my $session = $node->session;
	$session->send(qq{SET kalam.catalog_lifetime = '1h'; SET kalam.user_id = 'keys'; SELECT count(*) FROM app.t; SELECT count(*) FROM app.code; DELETE FROM app.t WHERE id = 0; DELETE FROM app.ids WHERE id = 0; DELETE FROM app.remote_ids WHERE id = 0; DELETE FROM app.code WHERE code = ''; SELECT 'warm';});
	$session->wait_for(qr/warm/);
	$stub->forget_calls;
	$session->send("$sql\n\\echo over\n");
	$session->wait_for(qr/over/);
	my @calls = map { $_->{method} } $stub->calls;
	my ($out, $err) = $session->finish;
	return (join(' ', grep { $_ ne 'ExecuteQuery' } @calls), KalamNode::parse_error($err));
}

sub requests_are
{
	my ($sql, $expected, $name) = @_;
	my ($calls, $error) = requests($sql);
	is($calls, $expected, $name);
	return $error;
}

requests_are(q{INSERT INTO app.t VALUES (2001, 'x');}, 'Insert', 'outside of a block KalamDB is asked once');
my $error = requests_are(q{INSERT INTO app.t VALUES (1, 'x');}, 'Insert', 'and so for a key that is there');
is($error->{sqlstate}, '23505', 'which is an error');
requests_are(q{BEGIN; INSERT INTO app.t VALUES (2002, 'x'); COMMIT;}, 'Scan Insert', 'in a block the key is looked up');
requests_are(q{BEGIN; INSERT INTO app.t VALUES (2003, 'x'), (2004, 'x'), (2005, 'x'); COMMIT;}, 'Scan Scan Scan Insert', 'and each key of a statement');
requests_are(q{BEGIN; SET LOCAL kalam.check_keys = commit; INSERT INTO app.t VALUES (2006, 'x'); COMMIT;}, 'Insert', 'kalam.check_keys = commit asks nothing');
$error = requests_are(q{BEGIN; SET LOCAL kalam.check_keys = commit; INSERT INTO app.t VALUES (2007, 'x'); INSERT INTO app.t VALUES (1, 'x'); SELECT 1/0;},
	'', 'and tells nothing at the statement');
is($error->{sqlstate}, '22012', 'which goes on');
$error = requests_are(q{BEGIN; SET LOCAL kalam.check_keys = commit; INSERT INTO app.t VALUES (1, 'x'); COMMIT;}, 'Insert', 'but at COMMIT');
is($error->{sqlstate}, '23505', 'with the same SQLSTATE');
requests_are(q{BEGIN; INSERT INTO app.ids (v) SELECT 'x' FROM generate_series(1, 5000); COMMIT;}, 'Insert', 'ids that snowflake_id() has just made are not asked for');
requests_are(q{BEGIN; INSERT INTO app.ids VALUES (snowflake_id(), 'x'); COMMIT;}, 'Insert', 'whoever called it');
$error = requests_are(q{BEGIN; INSERT INTO app.ids SELECT id, 'again' FROM app.ids LIMIT 1; COMMIT;}, 'Scan Scan', 'an id of an earlier transaction is');
is($error->{sqlstate}, '23505', 'and found');
requests_are(q{BEGIN; INSERT INTO app.remote_ids (v) VALUES ('x'), ('y'); COMMIT;}, 'Insert', q{nor is what KalamDB's default has made});
requests_are(q{BEGIN; INSERT INTO app.stream VALUES (1, 'x'); COMMIT;}, 'Insert', 'stream tables have no unique key');
requests_are(q{BEGIN; CREATE TABLE app.made (id int PRIMARY KEY) USING kalamdb; INSERT INTO app.made VALUES (1), (2); COMMIT;}, 'ExecuteSql ExecuteSql Insert',
	'a table that the transaction has made has no other rows');
requests_are(q{BEGIN; DELETE FROM app.t WHERE id = 2002; INSERT INTO app.t VALUES (2002, 'again'); COMMIT;}, 'Scan Scan Update',
	'a key whose row the transaction has removed is not looked up');
requests_are(q{BEGIN; INSERT INTO app.t VALUES (2010, 'x'); DELETE FROM app.t WHERE id = 2010; INSERT INTO app.t VALUES (2010, 'x'); COMMIT;},
	'Scan Insert', 'nor is a key again that was looked up');
requests_are(q{BEGIN; INSERT INTO app.t VALUES (2011, 'x'); DELETE FROM app.t WHERE id = 2011; COMMIT;}, 'Scan', 'nor at COMMIT');
requests_are(q{BEGIN; INSERT INTO app.t VALUES (2012, 'x') ON CONFLICT DO NOTHING; COMMIT;}, 'Scan Insert', 'an upsert has looked its key up already');
($error) = requests(q{BEGIN; INSERT INTO app.t VALUES (1, 'x'); DELETE FROM app.t WHERE id = 1; COMMIT;});

# ---- The cheaper of lookups and one scan
{
	my ($calls) = requests(q{BEGIN; INSERT INTO app.t SELECT i, 'x' FROM generate_series(3001, 4000) i; COMMIT;});
	is($calls, 'Scan Insert', '1,000 keys of one statement are found by one scan');
	$node->sql('SELECT kalam_flush(\'app.t\')');
	my $block = 'BEGIN; ' . join(' ', map { "INSERT INTO app.t VALUES ($_, 'x');" } 5001 .. 6000) . ' COMMIT;';
	($calls) = requests($block);
	my $scans = () = $calls =~ /Scan/g;
	cmp_ok($scans, '>', 1, '1,000 single statements of a block look keys up at first');
	cmp_ok($scans, '<', 20, 'until a scan would have been as fast');
	($calls) = requests("BEGIN; INSERT INTO app.code SELECT 'k' || i FROM generate_series(1, 1000) i; INSERT INTO app.code VALUES ('more', 1); COMMIT;");
	is($calls, 'Scan Insert', 'the keys of a scan are kept for the transaction');
	($calls) = requests("SET kalam.auto_flush = off; BEGIN; INSERT INTO app.code SELECT 'l' || i FROM generate_series(1, 100) i; COMMIT;");
	is(scalar(() = $calls =~ /Scan/g), 100, 'where no flush may complete a scan, keys are looked up');
}

# What is kept is a hint.
sub block
{
	my ($first, $other, $rest) = @_;
	my $session = $node->session;
	$session->send("BEGIN; INSERT INTO app.t SELECT i, 'bulk' FROM generate_series(10001, 11000) i; $first SELECT 'done';");
	$session->wait_for(qr/done/);
	$elsewhere->sql($other);
	$session->send("$rest;");
	my ($out, $err) = $session->finish;
	return ($out =~ s/^done\n//r, KalamNode::parse_error($err));
}
{
	$stub->is_server;
	my ($out, $error) = block('', q{DELETE FROM other.t WHERE id = 1}, q{INSERT INTO app.t VALUES (1, 'mine') RETURNING id; COMMIT});
	is("$out$error->{text}", "1\n", 'a key whose row others have removed since can be inserted');
	is($node->sql('SELECT v FROM app.t WHERE id = 1'), 'mine', 'and is');
	$node->sql('DELETE FROM app.t WHERE id > 10000');
	($out, $error) = block('', q{INSERT INTO other.t VALUES (20000, 'theirs')}, q{INSERT INTO app.t VALUES (20000, 'mine') RETURNING id; COMMIT; SELECT 'told'});
	is($out, "20000\ntold\n", 'a key that has come since is not found by the statement');
	is($error->{sqlstate}, '23505', 'but at COMMIT');
	is($node->sql('SELECT count(*) FROM app.t WHERE id > 10000'), '1', 'where nothing is written');
	($out, $error) = block('', 'SELECT 1', q{INSERT INTO app.t VALUES (2, 'mine'); COMMIT});
	is($error->{sqlstate}, '23505', 'a key that the scan has found is a duplicate');
}

# A key that others insert between the statement and COMMIT is found there.
{
	my $session = $node->session;
	$session->send("BEGIN; INSERT INTO app.t VALUES (30000, 'mine'); SELECT 'done';");
	$session->wait_for(qr/done/);
	$elsewhere->sql(q{INSERT INTO other.t VALUES (30000, 'theirs')});
	$session->send('COMMIT;');
	my ($out, $err) = $session->finish;
	is(KalamNode::parse_error($err)->{sqlstate}, '23505', 'a key that others insert after the lookup is a duplicate at COMMIT');
}

# ---- EXPLAIN
sub key_check
{
	my ($sql) = @_;
	my $plan = $node->sql($sql);
	return join ', ', $plan =~ /^\s*((?:Key Check|Lookups|Scans Instead of Lookups): .*)$/mg;
}
my $explain = 'BEGIN; EXPLAIN INSERT INTO app.t';
my $analyze = 'BEGIN; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) INSERT INTO app.t';
is(key_check(q{EXPLAIN INSERT INTO app.t VALUES (1, 'x')}), '', 'EXPLAIN: nothing is looked up outside of a block');
is(key_check("$explain VALUES (1, 'x')"), 'Key Check: Key Lookups', 'EXPLAIN: lookups');
is(key_check("$explain SELECT i FROM generate_series(1, 10000) i"), 'Key Check: Scan of the Keys', 'EXPLAIN: a scan');
is(key_check("SET kalam.check_keys = commit; $explain VALUES (1, 'x')"), 'Key Check: At COMMIT', 'EXPLAIN: nothing, by the setting');
is(key_check("$analyze VALUES (40001, 'x'), (40002, 'x')"), 'Key Check: Key Lookups, Lookups: 2', 'EXPLAIN ANALYZE: lookups');
is(key_check("$analyze SELECT i FROM generate_series(40001, 41000) i"), 'Key Check: Scan of the Keys, Lookups: 0, Scans Instead of Lookups: 1', 'EXPLAIN ANALYZE: a scan');
is(key_check('BEGIN; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) INSERT INTO app.ids (v) VALUES (1)'), 'Key Check: Not Needed, Lookups: 0', 'EXPLAIN ANALYZE: new ids');
is(key_check(q{BEGIN; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) UPDATE app.t SET v = 'y' WHERE id = 2}), 'Lookups: 1', 'EXPLAIN ANALYZE: an UPDATE of other columns');
is(key_check(q{BEGIN; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) INSERT INTO app.t VALUES (2, 'y') ON CONFLICT DO NOTHING}), 'Lookups: 1', 'EXPLAIN ANALYZE: an upsert has its own lookups');

# ---- Sessions of this PostgreSQL wait for each other, as for an ordinary table
{
	my @sessions = map { $node->session } 1 .. 2;
	my $pid = $sessions[1]->pid;
	$sessions[0]->send("BEGIN; INSERT INTO app.t VALUES (50000, 'first'); SELECT 'done';");
	$sessions[0]->wait_for(qr/done/);
	$sessions[1]->send(q{BEGIN; SAVEPOINT s; INSERT INTO app.t VALUES (50000, 'second'); ROLLBACK TO s; SELECT v FROM app.t WHERE id = 50000; COMMIT;});
	$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid");
	$sessions[0]->send('COMMIT;');
	$sessions[0]->finish;
	my ($out, $err) = $sessions[1]->finish;
	is(KalamNode::parse_error($err)->{sqlstate}, '23505', 'who inserts a key that another session has inserted waits, and is told');
	like($out, qr/^first$/m, 'and then sees its row');
}

# ---- Waits end
my ($left) = $node->timed_out($stub, [ { method => 'Scan', black_hole => JSON::PP::true, times => 1000 } ], q{BEGIN; INSERT INTO app.t VALUES (60000, 'x')});
is($left->{sqlstate}, '57014', 'a statement that waits for a lookup can be left');
$stub->clear_faults;
$stub->fault({ method => 'Scan', code => 'UNAVAILABLE', message => 'gone', times => 1000 });
($error) = $node->outcome(q{BEGIN; INSERT INTO app.t VALUES (60000, 'x'); COMMIT});
like($error->{sqlstate}, qr/^08/, 'a lookup that fails is an error of the statement');
$stub->clear_faults;
is($node->sql('SELECT count(*) FROM app.t WHERE id = 60000'), '0', 'and nothing was written');

KalamNode::finish();
