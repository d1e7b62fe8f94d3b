# A kalam-stub of the test's own, on a free port.
#
#     my $stub = KalamStub->new(options => ['--mode', 'r2']);
#     $stub->fault({ method => 'Insert', call => 1, code => 'UNAVAILABLE' });
#     my @calls = $stub->calls('Scan');
#
# With KALAM_TEST_TARGET it stands for the KalamDB server named there, which can be ordered nothing: see is_server. A test
# that runs there as well names its namespaces with $stub->namespace('app').
package KalamStub;

use strict;
use warnings;
use File::Basename ();
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(usleep);

my $count = 0;
my @running;
my %namespaces;    # names in the test => names on the server

our $token = 'Bearer bridge-token-0123456789';

sub new
{
	my ($class, %args) = @_;
	if (my $target = $ENV{KALAM_TEST_TARGET})
	{
		BAIL_OUT('a KalamDB server has no options of a stub') if @{ $args{options} // [] };
		my ($host, $port) = $target =~ /^\[?(.+?)\]?:(\d+)$/ or BAIL_OUT("KALAM_TEST_TARGET is not HOST:PORT: $target");
		return bless { name => $target, host => $host, port => $port, server => 1 }, $class;
	}
	my $name = 'stub' . ++$count;
	my $self = bless {
		name    => $name,
		options => $args{options} // [],
		log     => "$PostgreSQL::Test::Utils::log_path/$name.log",
		host    => '127.0.0.1',
		port    => $args{port} // 0,
	}, $class;
	$self->start;
	return $self;
}

# Starts the program, on the port that it had when it was started before.
sub start
{
	my ($self) = @_;
	my $port_file = "$PostgreSQL::Test::Utils::tmp_check/$self->{name}.port";
	unlink $port_file;
	my @command = (
		$ENV{KALAM_STUB}, '--listen', "$self->{host}:$self->{port}", '--port-file', $port_file,
		'--static-token', $token, @{ $self->{options} });
	$self->{process} = IPC::Run::start(\@command, '<', '/dev/null', '>>', $self->{log}, '2>&1');
	push @running, $self;
	my $tries = 10 * $PostgreSQL::Test::Utils::timeout_default;
	until (-s $port_file)
	{
		BAIL_OUT("kalam-stub did not start: " . $self->log_text)
		  if !$self->{process}->pumpable || --$tries == 0;
		usleep(100_000);
	}
	my $text = PostgreSQL::Test::Utils::slurp_file($port_file);
	($self->{port}) = $text =~ /(\d+)\s*$/ or BAIL_OUT("no port in \"$text\"");
	return;
}

sub host { return $_[0]->{host}; }
sub port { return $_[0]->{port}; }

# The value of the authorization header that it accepts.
sub token { my ($self) = @_; return $self->{server} ? $ENV{KALAM_TEST_AUTH} // '' : $token; }

# Whether it is a KalamDB server: nothing can be ordered from it, and nobody counts its calls.
sub is_server { my ($self) = @_; return $self->{server}; }

# A name that no other test and no other run uses on a server that outlives them. On a stub names may stay as they are.
sub unique_name
{
	my ($self, $name) = @_;
	return $name if !$self->{server};
	my ($number) = File::Basename::basename($0) =~ /^([^_.]+)/;
	return "$ENV{KALAM_TEST_TOKEN}_${number}_$name";
}

# Names the namespaces of the test. Statements that KalamNode sends from now on have the unique names in their place, and
# what comes back has the names of the test.
sub namespace
{
	my ($self, @names) = @_;
	return if !$self->{server};
	$namespaces{$_} = $self->unique_name($_) for @names;
	return;
}

sub to_server
{
	my ($text) = @_;
	$text =~ s/(?<!\w)\Q$_\E(?!\w)/$namespaces{$_}/g for keys %namespaces;
	return $text;
}

sub from_server
{
	my ($text) = @_;
	return $text if !defined $text;
	$text =~ s/\Q$namespaces{$_}\E(?!\w)/$_/g for keys %namespaces;
	return $text;
}

# Skips, in a SKIP block, tests that look at the log of calls.
sub need_calls
{
	my ($self, $tests) = @_;
	skip(q{a server does not count its calls}, $tests) if $self->{server};
	return;
}

sub log_text
{
	my ($self) = @_;
	return -e $self->{log} ? PostgreSQL::Test::Utils::slurp_file($self->{log}) : '';
}

# One command of the control service; returns its answer, decoded when it is JSON.
sub control
{
	my ($self, @command) = @_;
	BAIL_OUT("a KalamDB server takes no orders: @command") if $self->{server};
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ $ENV{KALAM_STUB}, 'control', "$self->{host}:$self->{port}", @command ],
		'<', \undef, '>', \$out, '2>', \$err);
	BAIL_OUT("kalam-stub control @command: $err") if !$ok;
	return $out =~ /^\s*[\[{]/ ? JSON::PP->new->decode($out) : $out;
}

sub fault        { my ($self, $fault) = @_; return $self->control('fault', JSON::PP->new->canonical->encode($fault)); }
sub clear_faults { my ($self) = @_; return $self->control('clear'); }

# How many calls the faults that were ordered have hit.
sub hits
{
	my ($self) = @_;
	my $hits = 0;
	$hits += $_->{hit} for @{ $self->control('faults') };
	return $hits;
}

# Waits until they have hit that many.
sub wait_for_hits
{
	my ($self, $wanted) = @_;
	my $tries = 20 * $PostgreSQL::Test::Utils::timeout_default;
	while (--$tries > 0)
	{
		return 1 if $self->hits >= $wanted;
		usleep(50_000);
	}
	fail("$self->{name}: $wanted calls hit by faults");
	return 0;
}

sub advance      { my ($self, $time) = @_; return $self->control('advance', $time); }

# The calls since the last forget_calls, oldest first; with a name only those of this method.
sub calls
{
	my ($self, $method) = @_;
	my $log = $self->control('log');
	my @calls = ref $log eq 'ARRAY' ? @$log : @{ $log->{calls} };
	return defined $method ? grep { $_->{method} eq $method } @calls : @calls;
}

# Waits until the log has that many calls for which the test, with the call in $_, is true; returns those it has. A call
# is logged when the server has left it, which may be after its client has.
sub wait_for_calls
{
	my ($self, $wanted, $test) = @_;
	my @found;
	for (1 .. 20 * $PostgreSQL::Test::Utils::timeout_default)
	{
		@found = grep { $test->() } $self->calls;
		last if @found >= $wanted;
		usleep(50_000);
	}
	return @found;
}

sub forget_calls { my ($self) = @_; return $self->{server} || $self->control('clear-log'); }

# Ends the program without a word to its clients.
sub kill9
{
	my ($self) = @_;
	$self->{process}->kill_kill(grace => 0);
	$self->forget;
	return;
}

# A fault has ended the program, or is about to.
sub killed
{
	my ($self) = @_;
	my $tries = 20 * $PostgreSQL::Test::Utils::timeout_default;
	usleep(50_000) while $self->{process}->pumpable && --$tries > 0;
	ok($tries > 0, "$self->{name} was killed");
	$self->kill9;
	return;
}

sub stop
{
	my ($self) = @_;
	$self->{process}->signal('TERM');
	my $tries = 100;
	usleep(50_000) while $self->{process}->pumpable && --$tries > 0;
	$self->{process}->kill_kill(grace => 0) if $tries == 0;
	$self->forget;
	return;
}

sub forget
{
	my ($self) = @_;
	@running = grep { $_ != $self } @running;
	return;
}

# Every stub of this test that has ended by itself, or says that the real server would have died.
sub check_all
{
	for my $stub (@running)
	{
		ok($stub->{process}->pumpable, "$stub->{name} is still running");
		unlike($stub->log_text, qr/FATAL|AddressSanitizer|runtime error:/, "log of $stub->{name} is clean");
	}
	return;
}

# Each stop takes its stub out of the list, so the loop goes over a copy.
sub stop_all
{
	my @stubs = @running;
	$_->stop for @stubs;
	return;
}

END
{
	local $?;
	stop_all();
}

1;
