# system.manifest says whether a table has unflushed versions. The answer of a scan is believed where it says before and
# after the scan that there are none, names the same files both times, and nothing in the answer speaks against it.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [ '--hot-version-cap', '100' ]);
my $node = KalamNode->new('main', stub => $stub);
$node->sql('CREATE SCHEMA app');

# A table of its own for each case: rows 1 to n with their number as value, the oldest of them flushed.
sub table
{
	my ($name, $rows, $flushed) = @_;
	$node->create_numbers($name, $rows);
	$stub->control("flush", "app.$name $flushed") if $flushed;
	return;
}

# What the server was asked since the last look, but for its catalog.
sub questions
{
	my %questions;
	for (map { $_->{sql} } $stub->calls('ExecuteQuery'))
	{
		my $question = /system\.manifest/ ? 'manifest' : /SNOWFLAKE_ID/ ? 'clock' : /count\(\*\)/ ? 'count'
		  : /_deleted/ ? 'deletions' : /ORDER BY _seq/ ? 'row' : 'other';
		$questions{$question}++;
	}
	$stub->forget_calls;
	delete $questions{other};
	return join ' ', map { "$_ $questions{$_}" } sort keys %questions;
}

# The sum of a table's values in a session, or the word ERROR.
my $scans = 0;
sub scan
{
	my ($session, $name) = @_;
	my $scan = 'scan ' . ++$scans;
	$session->send("SELECT sum(v) || ' in $scan' FROM app.$name;\n\\echo end of $scan");
	$session->wait_for(qr/end of $scan/);
	return ${ $session->{out} } =~ /(\d+) in $scan\n/ ? $1 : 'ERROR';
}

# A session that has been told that the table is in sync; settings of others are sent first.
sub informed_session
{
	my ($name, $settings) = @_;
	my $session = $node->session;
	$session->send($settings // 'SET kalam.auto_flush = off;');
	for (1 .. 100)
	{
		$stub->forget_calls;
		scan($session, $name);
		return $session if questions() eq 'clock 1 manifest 1';
	}
	fail("a session learns that app.$name is in sync");
	return $session;
}

# ---- A table without unflushed versions
table('cold', 250, 250);
my $session = informed_session('cold');
is(scan($session, 'cold'), 31375, 'a flushed table is read');
is(questions(), 'clock 1 manifest 1', 'and one question tells that the answer is complete');

# ---- Changes between two scans
$node->sql('INSERT INTO app.cold VALUES (251, 5)');
$stub->forget_calls;
is(scan($session, 'cold'), 31380, 'a row that another session has inserted since is read');
like(questions(), qr/clock 1 deletions 1 .*row 1/, 'the table is not in sync any more, and checked by its versions');
$node->sql('INSERT INTO app.cold SELECT i, 0 FROM generate_series(252, 400) i');
is(scan($session, 'cold'), 'ERROR', 'too many of them are refused');
$node->sql(q{SELECT kalam_flush('app.cold')});
is(scan($session, 'cold'), 31380, 'until they are flushed');
$node->sql(q{DELETE FROM app.cold});
is(scan($session, 'cold'), 'ERROR', 'rows that come back from the dead are refused');
$session->finish;

# ---- A scan that is cut off, and a flush that ends before the manifest is asked
table('flushing', 50, 50);
$session = informed_session('flushing');
$node->sql('INSERT INTO app.flushing SELECT i, i FROM generate_series(51, 250) i');
$stub->forget_calls;
# The answer of the scan arrives after the flush.
$stub->fault({ method => 'Scan', call => 1, stall => JSON::PP::true });
$session->send("SELECT 'sum=' || sum(v) FROM app.flushing;\n\\echo end");
$stub->wait_for_calls(1, sub { $_->{method} eq 'Scan' });
$node->sql(q{SELECT kalam_flush('app.flushing')});
$stub->clear_faults;
$session->wait_for(qr/^end/m);
my ($out) = $session->finish;
like($out, qr/sum=31375\nend/, 'a flush that ends while a scan is checked does not make a part of the table pass');
is(scalar $stub->calls('Scan'), 2, 'the table is read again');

# ---- A manifest that says "in sync" though there are unflushed versions
sub is_refused
{
	my ($name, $why) = @_;
	my $reader = $node->session;
	$reader->send('SET kalam.auto_flush = off;');
	scan($reader, $name) for 1 .. 2;
	$stub->forget_calls;
	is(scan($reader, $name), 'ERROR', "$why: a part of the table is refused");
	like(questions(), qr/row/, 'its versions are asked for');
	$reader->finish;
	$stub->control('manifest');
	return;
}

table('lying', 250, 50);
$stub->control('manifest', 'app.lying {"sync_state": "in_sync"}');
is_refused('lying', 'a manifest that says so while rows are newer than its files');
table('nowhere', 250);
$stub->control('manifest', 'app.nowhere {"sync_state": "in_sync"}');
is_refused('nowhere', 'one that knows of no files');

# ---- What is not understood is not believed
sub manifest_of
{
	my ($name) = @_;
	my $answer = $node->sql("SELECT kalam_exec('SELECT manifest_json FROM system.manifest WHERE table_name = ''$name''')");
	return JSON::PP->new->decode($answer)->[0]{manifest_json};
}

# The table is in sync, and this is what the manifest says.
sub is_not_believed
{
	my ($said, $why) = @_;
	$stub->control('manifest', ref $said ? 'app.plain ' . JSON::PP->new->encode($said) : $said);
	my $reader = $node->session;
	scan($reader, 'plain') for 1 .. 2;
	$stub->forget_calls;
	is(scan($reader, 'plain'), 5050, "$why: the table is read");
	like(questions(), qr/row/, 'and checked by its versions');
	$reader->finish;
	$stub->control('manifest');
	return;
}

table('plain', 100, 100);
my $manifest = manifest_of('plain');
(my $of_alice = $manifest) =~ s/"user_id":null/"user_id":"alice"/ or die $manifest;
(my $of_other = $manifest) =~ s/app\.plain/app.other/ or die $manifest;
(my $uncommitted = $manifest) =~ s/"committed"/"writing"/ or die $manifest;
(my $negative = $manifest) =~ s/"row_count":\d+/"row_count":-1/ or die $manifest;
is_not_believed({ sync_state => 'synced' },             'a word for the state that is not known');
is_not_believed({ sync_state => 'IN_SYNC' },            'a word in capitals');
is_not_believed({ scope => 'alice' },                   'a row of another scope');
is_not_believed({ missing => 'true' },                  'no row');
is_not_believed({ manifest_json => $of_alice },         q{the files of a user's rows});
is_not_believed({ manifest_json => $of_other },         'the files of another table');
is_not_believed({ manifest_json => $uncommitted },      'a file that is not committed');
is_not_believed({ manifest_json => $negative },         'a number that cannot be');
is_not_believed({ manifest_json => '{"table_id":' },    'text that is not JSON');
is_not_believed({ manifest_json => '[' x 100_000 },     'text that is deeper than a stack');
is_not_believed('hidden',                               'a server without that relation');

# A server without it is not asked each time.
$stub->control('manifest', 'hidden');
$session = $node->session;
scan($session, 'plain');
$stub->forget_calls;
scan($session, 'plain');
is(questions(), 'clock 1 deletions 1 row 1', 'a server that has no such relation is not asked for it again');
$session->finish;
$stub->control('manifest');

# A question that is not answered.
$session = informed_session('plain');
$stub->fault({ method => 'ExecuteQuery', match => 'system.manifest', call => 1, times => 1, black_hole => JSON::PP::true });
is(scan($session, 'plain'), 5050, 'a manifest that does not answer does not keep a table from being read');
like(questions(), qr/row/, 'it is checked by its versions');
$stub->clear_faults;
$session->finish;

# ---- A table that is dropped and made again
sub make_again
{
	my ($name) = @_;
	return $node->sql(
		"DROP TABLE app.$name; CREATE TABLE app.$name (id int PRIMARY KEY, v int) USING kalamdb;
		 INSERT INTO app.$name SELECT i, 0 FROM generate_series(1, 150) i");
}
table('again', 50, 50);
$node->sql(q{CREATE FOREIGN TABLE app.same (id int NOT NULL, v int) SERVER kalam_server OPTIONS ("table" 'again')});
$session = informed_session('same');
make_again('again');
is(scan($session, 'same'), 'ERROR', 'a table that is made again with too many rows is refused');
$session->finish;

table('stale', 50, 50);
$node->sql(q{CREATE FOREIGN TABLE app.stale_too (id int NOT NULL, v int) SERVER kalam_server OPTIONS ("table" 'stale')});
$session = informed_session('stale_too');
my $stale = manifest_of('stale');
make_again('stale');
$stub->control('manifest', 'app.stale ' . JSON::PP->new->encode({ sync_state => 'in_sync', manifest_json => $stale }));
is(scan($session, 'stale_too'), 'ERROR', 'also while the manifest still tells of the old one');
$session->finish;
$stub->control('manifest');

# ---- User tables
my $as_alice = q{SET kalam.user_id = 'alice'; SET kalam.server_version_limit = 100; SET kalam.auto_flush = off;};
$node->sql(
	q{CREATE TABLE app.notes (id int PRIMARY KEY, v int) USING kalamdb WITH (type = 'user');
	  SET kalam.user_id = 'alice';
	  INSERT INTO app.notes SELECT i, i FROM generate_series(1, 180) i;
	  SELECT kalam_flush('app.notes');
	  SET kalam.user_id = 'bob';
	  INSERT INTO app.notes SELECT i, i FROM generate_series(1, 10) i;});
$stub->forget_calls;
is($node->sql("$as_alice SELECT sum(v) FROM app.notes"), 16290, q{many rows of a user are believed where all are flushed});
is(scalar $stub->calls('ExecuteSql'), 0, 'without a flush');
$session = $node->session;
$session->send($as_alice);
is(scan($session, 'notes'), 16290, 'a session reads them');
$stub->forget_calls;
is(scan($session, 'notes'), 16290, 'and reads them again');
is(scalar $stub->calls('Scan'), 1, 'by one scan');
is(questions(), 'manifest 1', 'and one question');
$node->sql(q{SET kalam.user_id = 'alice'; INSERT INTO app.notes VALUES (181, 5)});
is(scan($session, 'notes'), 'ERROR', 'not where there are others since');
$session->finish;
$node->sql(q{SET kalam.user_id = 'alice'; SELECT kalam_flush('app.notes')});
for my $said ({ sync_state => 'pending_write' }, { scope => 'bob' }, { missing => 'true' }, { manifest_json => '{}' })
{
	my $text = JSON::PP->new->canonical->encode($said);
	$stub->control('manifest', "app.notes $text");
	is($node->error("$as_alice SELECT sum(v) FROM app.notes")->{sqlstate}, '55000', "not where the manifest says $text");
}
$stub->control('manifest');
$node->sql(q{SET kalam.user_id = 'alice'; INSERT INTO app.notes VALUES (182, 5)});
$stub->control('manifest', 'app.notes {"sync_state": "in_sync"}');
is($node->error("$as_alice SELECT sum(v) FROM app.notes")->{sqlstate}, '55000', 'not where rows are newer than the files');
$stub->control('manifest');
is($node->sql(q{SET kalam.user_id = 'carol'; SET kalam.server_version_limit = 100; SELECT count(*) FROM app.notes}),
	0, 'a user without rows');

KalamNode::finish();
