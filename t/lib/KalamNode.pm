# A PostgreSQL cluster with pg_kalam in it, beside a KalamStub.
#
#     my $node = KalamNode->new('node', stub => $stub);
#     my $error = $node->error('SELECT ...');      # {sqlstate, message, detail, hint, context}
#     KalamNode::finish();                          # instead of done_testing
package KalamNode;

use strict;
use warnings;
use parent -norequire, 'PostgreSQL::Test::Cluster';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamStub;

my @nodes;
my @expected_warnings;

# Options: stub; server => {name => value} (further options of kalam_server); mapping => {...} (instead of the stub's
# static token); conf => text for postgresql.conf; bare => 1 (no extension, no server).
sub new
{
	my ($class, $name, %args) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	bless $node, $class;
	$node->init;
	$node->append_conf('postgresql.conf', slurp_file($ENV{KALAM_EXTENSION_CONF}));
	$node->append_conf('postgresql.conf', "log_error_verbosity = verbose\n" . ($args{conf} // ''));
	$node->start;
	push @nodes, $node;
	$node->create_server('kalam_server', %args) if !$args{bare};
	return $node;
}

# Creates the extension (once), a foreign server for the stub and a user mapping for everybody.
sub create_server
{
	my ($self, $server, %args) = @_;
	my %options = (host => $args{stub}->host, port => $args{stub}->port, %{ $args{server} // {} });
	# A server with mutual TLS wants no header.
	my $token = $args{stub}->token;
	my %mapping = %{ $args{mapping} // { $token eq '' ? () : (auth_header => $token) } };
	my $list = sub {
		my %pairs = @_;
		return '' if !%pairs;
		return 'OPTIONS (' . join(', ', map { "$_ " . quote($pairs{$_}) } sort keys %pairs) . ')';
	};
	$self->safe_psql('postgres', join "\n",
		'SET client_min_messages = error;',
		'CREATE EXTENSION IF NOT EXISTS pg_kalam;',
		"CREATE SERVER $server FOREIGN DATA WRAPPER pg_kalam " . $list->(%options) . ';',
		"CREATE USER MAPPING FOR PUBLIC SERVER $server " . $list->(%mapping) . ';');
	return;
}

sub quote
{
	my ($text) = @_;
	$text =~ s/'/''/g;
	return "'$text'";
}

# As Cluster's, which all that run statements and wait for them call; with the namespaces of the test (KalamStub).
sub psql
{
	my ($self, $database, $sql, %params) = @_;
	my ($to_out, $to_err) = delete @params{qw(stdout stderr)};
	my ($code, $out, $err) = $self->SUPER::psql($database, KalamStub::to_server($sql), %params);
	($out, $err) = map { KalamStub::from_server($_) } $out, $err;
	$$to_out = $out if defined $to_out;
	$$to_err = $err if defined $to_err;
	return wantarray ? ($code, $out, $err) : $code;
}

# Runs statements in one session and returns their output, rows as a|b|c.
sub sql
{
	my ($self, $sql) = @_;
	return $self->safe_psql('postgres', $sql);
}

# Runs statements of which one must fail, and returns what its error says.
sub error
{
	my ($self, $sql) = @_;
	my ($code, $out, $err) = $self->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 1);
	isnt($code, 0, "fails: $sql");
	return parse_error($err);
}

sub parse_error
{
	my ($text) = @_;
	my %error = (text => $text, sqlstate => '', message => '', detail => '', hint => '', context => '');
	($error{sqlstate}, $error{message}) = ($1, $2) if $text =~ /(?:ERROR|FATAL):  ([0-9A-Z]{5}): (.*)/;
	$error{ lc $1 } = $2 while $text =~ /^(DETAIL|HINT|CONTEXT):  (.*)/mg;
	return \%error;
}

# A session in the background, of database "postgres" unless another is named: {send, finish}. Used where a test acts while
# a statement waits.
sub session
{
	my ($self, $database) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $harness = IPC::Run::start(
		[ 'psql', '-X', '-A', '-t', '-q', '-v', 'VERBOSITY=verbose', '-d', $self->connstr($database // 'postgres') ],
		'<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	my $session = { harness => $harness, in => \$in, out => \$out, err => \$err, node => $self };
	return bless $session, 'KalamNode::Session';
}

# Statements of one session that go on after an error; returns the first error and the rows.
sub outcome
{
	my ($self, $sql) = @_;
	my ($code, $out, $err) = $self->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 0);
	return (parse_error($err), $out);
}

# Like outcome, for statements of which statement_timeout ends the first one while it waits for a call that the stub does
# not answer, or not well: because of these faults, which it is ordered. On a slow machine a short time ends before that
# call, and tells nothing: then again with a longer one. The faults stay.
sub timed_out
{
	my ($self, $stub, $faults, $sql) = @_;
	my ($error, $out);
	for my $milliseconds (300, 3_000, 30_000)
	{
		$stub->clear_faults;
		$stub->forget_calls;
		$stub->fault($_) for @$faults;
		($error, $out) = $self->outcome("SET statement_timeout = $milliseconds; $sql");
		last if $stub->hits;
	}
	ok($stub->hits, 'the call that is not answered was reached');
	return ($error, $out);
}

# Makes app.NAME, with the rows 1 to n and their number as value.
sub create_numbers
{
	my ($self, $name, $rows) = @_;
	$self->sql(
		"CREATE TABLE app.$name (id int PRIMARY KEY, v int) USING kalamdb;
		 INSERT INTO app.$name SELECT i, i FROM generate_series(1, $rows) i");
	return;
}

# The tables that tests of changes use, t of KalamDB and log of PostgreSQL, in a new schema; and their rows as they were.
sub create_changed
{
	my ($self, $schema) = @_;
	$self->{changed} = $schema;
	$self->sql(
		"CREATE SCHEMA $schema;
		 CREATE TABLE $schema.t (id int PRIMARY KEY, v text) USING kalamdb;
		 CREATE TABLE $schema.log (id int);");
	return;
}

sub reset_changed
{
	my ($self) = @_;
	my $schema = $self->{changed};
	$self->sql("DELETE FROM $schema.t; DELETE FROM $schema.log; INSERT INTO $schema.t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
	return;
}

sub remote_rows { my ($self) = @_; return $self->sql("SELECT string_agg(id || v, ' ' ORDER BY id) FROM $self->{changed}.t"); }
sub local_rows  { my ($self) = @_; return $self->sql("SELECT count(*) FROM $self->{changed}.log"); }

# Whether the number of rows never falls while another session inserts 150 of them, each in a transaction of its own.
sub rows_rise
{
	my ($self, $table, $before) = @_;
	my $rising = 1;
	my $writer = $self->session;
	$writer->send("DO \$\$ BEGIN FOR i IN 1..150 LOOP INSERT INTO $table VALUES (1000 + i, 1); COMMIT; END LOOP; END \$\$;
		SELECT 'written';");
	for my $i (1 .. 15)
	{
		my $now = $self->sql("SELECT count(*) FROM $table");
		$rising = 0 if $now < $before;
		$before = $now;
	}
	$writer->wait_for(qr/written/);
	$writer->finish;
	return $rising;
}

# Waits until the backend waits for KalamDB.
sub wait_for_call
{
	my ($self, $pid) = @_;
	return $self->poll_query_until('postgres',
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
}

# Logs must hold no WARNING but those that match.
sub expect_warning
{
	my ($pattern) = @_;
	push @expected_warnings, $pattern;
	return;
}

# Lines of a server's log that no statement showed: of a crash, a sanitizer, a warning that was not expected.
sub complaints
{
	my ($self) = @_;
	my @bad;
	for my $line (split /\n/, slurp_file($self->logfile))
	{
		next if $line !~ /PANIC:|TRAP:|terminated by signal|terminate called|runtime error:|AddressSanitizer|WARNING:/;
		push @bad, $line if !grep { $line =~ $_ } @expected_warnings;
	}
	return join "\n", @bad;
}

# Stops everything, looks for what no statement showed, and ends the test.
sub finish
{
	KalamStub::check_all();
	for my $node (@nodes)
	{
		$node->stop('fast');
		is($node->complaints, '', 'log of ' . $node->name . ' is clean');
	}
	@nodes = ();
	KalamStub::stop_all();
	done_testing();
	return;
}

# A test that ended before that: a server that has died took it along, and its log goes with the test's folder.
END
{
	local $?;
	for my $node (grep { -e $_->logfile } @nodes)
	{
		my $text = $node->complaints;
		diag($node->name . ": $text") if $text ne '';
	}
}

package KalamNode::Session;

# Sends statements without waiting for them.
sub send
{
	my ($self, $sql) = @_;
	${ $self->{in} } .= KalamStub::to_server("$sql\n");
	$self->{harness}->pump_nb;
	return;
}

# Waits until the output matches.
sub wait_for
{
	my ($self, $pattern) = @_;
	$self->{harness}->pump until grep { KalamStub::from_server(${ $self->{$_} }) =~ $pattern } qw(out err);
	return;
}

# The backend's pid.
sub pid
{
	my ($self) = @_;
	$self->send("SELECT 'pid=' || pg_backend_pid();");
	$self->wait_for(qr/pid=\d+\n/);
	my ($pid) = ${ $self->{out} } =~ /pid=(\d+)\n/;
	return $pid;
}

# Ends the session; returns its output and errors.
sub finish
{
	my ($self) = @_;
	${ $self->{in} } .= "\\q\n";
	$self->{harness}->finish;
	return map { KalamStub::from_server(${ $self->{$_} }) } qw(out err);
}

1;
