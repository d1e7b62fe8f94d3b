# Servers that are none, and certificates that nobody should have made: an error, or the end of that one session, never
# of the cluster. Options that would do harm are refused when they are set, files that would never end are not read.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX qw(mkfifo);
use Time::HiRes qw(usleep);
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $dir  = PostgreSQL::Test::Utils::tempdir();
my $node = KalamNode->new('main', bare => 1);
$node->sql('CREATE EXTENSION pg_kalam; CREATE ROLE owner LOGIN; GRANT USAGE ON FOREIGN DATA WRAPPER pg_kalam TO owner');
my $bystander = $node->session;
my $by_pid    = $bystander->pid;
my $servers   = 0;

# A foreign server with these options, and how a ping of it ends.
sub attempt
{
	my (%options) = @_;
	my $name = 'peer' . ++$servers;
	my $list = join ', ', map { "$_ " . KalamNode::quote($options{$_}) } sort keys %options;
	$node->sql("CREATE SERVER $name FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '127.0.0.1', connect_timeout '5000', $list);
		CREATE USER MAPPING FOR PUBLIC SERVER $name;");
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT kalam_ping('$name')");
	return (KalamNode::parse_error($err), $err, $code);
}

# ---- Answers of HTTP/2 that are none of gRPC

sub frame { my ($type, $flags, $stream, $payload) = @_; return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream) . $payload }

# A process that answers each request with these frames. Returns its port and how to end it.
sub start_peer
{
	my ($frames) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 8, ReuseAddr => 1) or BAIL_OUT("listen: $!");
	my $pid = fork() // BAIL_OUT("fork: $!");
	return ($listener->sockport, $pid) if $pid;
	while (my $peer = $listener->accept)
	{
		my $bytes = '';
		$peer->syswrite(frame(4, 0, 0, ''));
		while ($peer->sysread($bytes, 65536, length $bytes))
		{
			$bytes =~ s/\APRI \* HTTP\/2\.0\r\n\r\nSM\r\n\r\n//;
			while (length $bytes >= 9 and length $bytes >= 9 + unpack 'N', "\0" . substr $bytes, 0, 3)
			{
				my $size = unpack 'N', "\0" . substr $bytes, 0, 3;
				my ($type, $flags, $stream) = unpack 'CCN', substr $bytes, 3, 6;
				substr($bytes, 0, 9 + $size) = '';
				$peer->syswrite(frame(4, 1, 0, '')) if $type == 4 and !($flags & 1);
				$peer->syswrite($frames->($stream)) if $type == 1;
			}
		}
	}
	POSIX::_exit(0);
}

sub header { return join '', map { "\0" . chr(length $_->[0]) . $_->[0] . chr(length $_->[1]) . $_->[1] } @_ }

my @kind     = ('content-type', 'application/grpc');
my $no_state = sub { my ($stream) = @_; return frame(1, 5, $stream, "\x88") };
my $packed   = sub {
	my ($stream) = @_;
	return frame(1, 4, $stream, "\x88" . header([@kind], [ 'grpc-encoding', 'gzip' ]))
		. frame(0, 0, $stream, "\1" . pack('N', 2) . "\x1f\x8b")
		. frame(1, 5, $stream, header([ 'grpc-status', '0' ]));
};
my $rude = sub {
	my ($stream) = @_;
	return frame(1, 5, $stream,
		"\x88" . header([@kind], [ 'grpc-status', '13' ], [ 'grpc-message', "a%C2%9B31mb%E2%80%AEc%0ALOG:  forged%E2%80%A8line%1B[2J%07" ]));
};
for my $case ([ 'an answer without grpc-status', $no_state, '08P01', qr/invalid response/ ],
	[ 'a compressed answer', $packed, '08P01', qr/compress/ ],
	[ 'a text of controls', $rude, 'HV000', qr/a\?31mb\?c LOG:  forged line\?\[2J\?/ ])
{
	my ($name, $frames, $sqlstate, $text) = @$case;
	my ($port, $pid) = start_peer($frames);
	my ($error, $err) = attempt(port => $port);
	is($error->{sqlstate}, $sqlstate, "$name: the SQLSTATE is right") or diag($err);
	like($err, $text, "$name: the error names the reason");
	unlike($err, qr/^LOG:|\x1b|\xc2\x9b|\xe2\x80[\xa8\xae]/m, "$name: the error holds nothing that a terminal obeys");
	kill 'KILL', $pid;
	waitpid $pid, 0;
}
my $log = slurp_file($node->logfile);
unlike($log, qr/^LOG:  forged|\x1b|\xc2\x9b|\xe2\x80[\xa8\xae]/m, 'the log holds nothing that a terminal obeys');

# ---- Certificates

sub openssl
{
	my @command = ('openssl', @_);
	my ($out, $err) = ('', '');
	IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err) or BAIL_OUT("@command: $err");
	return $out;
}

# A certificate that signs itself. Returns the files of it and of its key.
sub certificate
{
	my ($name, @options) = @_;
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', "$dir/$name.key",
		'-out', "$dir/$name.pem", '-days', '30', '-subj', '/CN=x', @options);
	return ("$dir/$name.pem", "$dir/$name.key");
}

sub start_tls
{
	my ($certificate, $key, @options) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $server = IPC::Run::start(
		[ 'openssl', 's_server', '-accept', "127.0.0.1:$port", '-cert', $certificate, '-key', $key, '-quiet', '-alpn', 'h2', @options ],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
	for (1 .. 1000)
	{
		last if IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
		usleep(10_000);
	}
	return ($port, $server);
}

# DER of a SubjectAltName with one iPAddress or dNSName of these bytes.
sub san
{
	my ($tag, $bytes) = @_;
	my $name = chr($tag) . chr(length $bytes) . $bytes;
	return 'subjectAltName=DER:' . unpack 'H*', "\x30" . chr(length $name) . $name;
}

my $cn = 'L' x 60;
my @certificates = (
	[ 'an address of 3 bytes', certificate('ip3', '-addext', san(0x87, "\1\2\3")) ],
	[ 'an address of 5 bytes', certificate('ip5', '-addext', san(0x87, "\1\2\3\4\5")) ],
	[ 'an address of no bytes', certificate('ip0', '-addext', san(0x87, '')) ],
	[ 'an address of 17 bytes', certificate('ip17', '-addext', san(0x87, "\1" x 17)) ],
	[ 'an empty name', certificate('dns0', '-addext', san(0x82, '')) ],
	[ 'a zero byte in a name', certificate('zero', '-addext', san(0x82, "127.0.0.1\0.example")) ],
	[ 'a name of no characters', certificate('ff', '-addext', san(0x82, "\xff\xfe\x80" x 30)) ],
	[ 'no names', certificate('none', '-addext', 'subjectAltName=DER:3000') ],
	[ 'an alternative that is none', certificate('broken', '-addext', 'subjectAltName=DER:30ff') ],
	[ 'long names', certificate('long', '-subj', "/CN=$cn/O=$cn/OU=$cn", '-addext', 'subjectAltName=' . join ',', map { "DNS:$_.$cn" } 1 .. 500) ],
	[ 'wildcards', certificate('star', '-addext', 'subjectAltName=DNS:*,DNS:*.*,DNS:*.1,DNS:*.0.0.1') ]);
# A chain of hundreds, and one that begins in seventy years.
my @long_chain = certificate('chain', '-addext', 'subjectAltName=IP:127.0.0.2');
append_to_file("$dir/chain.all", slurp_file($long_chain[0]) x 300);
push @certificates, [ 'a long chain', @long_chain, '-cert_chain', "$dir/chain.all" ];
append_to_file("$dir/ca.cnf", <<"CNF");
[ca]
default_ca = d
[d]
database = $dir/index.txt
new_certs_dir = $dir
default_md = sha256
policy = p
rand_serial = yes
[p]
commonName = supplied
CNF
append_to_file("$dir/index.txt", '');
openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=127.0.0.1',
	'-keyout', "$dir/early.key", '-out', "$dir/early.csr");
openssl('ca', '-batch', '-config', "$dir/ca.cnf", '-selfsign', '-keyfile', "$dir/early.key", '-in', "$dir/early.csr",
	'-startdate', '20960101000000Z', '-enddate', '20970101000000Z', '-notext', '-out', "$dir/early.pem");
push @certificates, [ 'a beginning that is far off', "$dir/early.pem", "$dir/early.key" ];

for my $case (@certificates)
{
	my ($name, $certificate, $key, @options) = @$case;
	my ($port, $server) = start_tls($certificate, $key, @options);
	my ($error, $err) = attempt(port => $port, ca_cert => $certificate);
	# Where gRPC gives up, the session ends; whether the statement has failed before depends on which thread is faster.
	my $has_failed = $err =~ /HV000: .*\nDETAIL:  the KalamDB client of this session has failed\n(?s:.*)FATAL:  57P01/;
	ok($error->{sqlstate} =~ /^(08001|08006|XX000|57P01)$/ || $has_failed, "a certificate with $name is an error") or diag($err);
	$server->kill_kill(grace => 1);
	is($node->sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $by_pid"), '1', "a certificate with $name: other sessions go on");
}
like(slurp_file($node->logfile), qr/a library's own thread has failed, and ends this session: assertion failed/,
	'the log says why a session was ended');

# ---- Names of hosts

for my $name ('%', 'a b', 'a/b', 'a..b', '.', '[', ']', 'a:1', '@', 'x' x 64, 'ü', '*.example', "fe80::1%lo")
{
	my $error = $node->error("SET ROLE owner; CREATE SERVER bad FOREIGN DATA WRAPPER pg_kalam
		OPTIONS (host '127.0.0.1', port '1', tls 'on', tls_server_name '$name')");
	is($error->{sqlstate}, '22023', "tls_server_name '$name' is refused");
}
for my $name ('%', 'a b', 'a/b', 'a..b', 'dns:x', 'unix:/tmp/x', '127.0.0.1:9188', 'a,b', 'a%00b')
{
	my $error = $node->error("SET ROLE owner; CREATE SERVER bad FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '$name', port '1')");
	is($error->{sqlstate}, '22023', "host '$name' is refused");
}
# In a catalog that was written to by hand.
$node->sql(q{UPDATE pg_foreign_server SET srvoptions = array_append(srvoptions, 'tls_server_name=%') WHERE srvname = 'peer4'});
is($node->error(q{SELECT kalam_ping('peer4')})->{sqlstate}, '22023', 'the host that was refused is not used either');
my ($name_port, $name_server) = start_tls(certificate('plain'));
for my $name ('x', 'a.b.', 'x_y', '127.0.0.1', '::1', '[::1]')
{
	my ($error, $err) = attempt(port => $name_port, ca_cert => "$dir/plain.pem", tls_server_name => $name);
	like($error->{sqlstate}, qr/^08/, "tls_server_name '$name' is taken, and the connection ends in an error") or diag($err);
}
$name_server->kill_kill(grace => 1);
is($node->error(q{CREATE SERVER bad FOREIGN DATA WRAPPER pg_kalam OPTIONS (host 'x', port '1', leader_hosts 'good, b/d')})->{sqlstate},
	'22023', 'leader_hosts are checked');

# ---- Files that are none

mkfifo("$dir/fifo", 0666) or BAIL_OUT("mkfifo: $!");
for my $path ("$dir/fifo", '/dev/zero', '/dev/tty', $dir, "$dir/missing")
{
	my ($error, $err) = attempt(port => 1, ca_cert => $path);
	is($error->{sqlstate}, '08001', "ca_cert that names $path is an error at once") or diag($err);
}
is($node->error(qq{SET ROLE owner; CREATE SERVER bad FOREIGN DATA WRAPPER pg_kalam OPTIONS (host 'x', port '1', ca_cert '$dir/plain.pem')})
	->{sqlstate}, '42501', 'only roles that may read files can name them');

# ---- Descriptors: PostgreSQL is told of those that connections take, and there is an end to them

my $stub = KalamStub->new;
my $few  = KalamNode->new('few', stub => $stub, conf => "max_files_per_process = 100\n");
$few->create_server("server$_", stub => $stub) for 1 .. 12;
# PostgreSQL keeps the WAL file open from a session's first write on: that is why two servers are dropped.
my ($code, $out, $err) = $few->psql('postgres',
	"\\set VERBOSITY verbose\nSELECT kalam_ping('kalam_server');\n"
	. join("\n", map { "SELECT kalam_ping('server$_');" } 1 .. 12)
	. "\nSELECT 'last', kalam_ping('kalam_server');\nDROP SERVER server1 CASCADE;\nDROP SERVER server2 CASCADE;\nSELECT 'more', kalam_ping('server12');",
	on_error_stop => 0);
my $error = KalamNode::parse_error($err);
is($error->{sqlstate}, '53000', 'connections beyond the descriptors that a session may have are an error') or diag($err);
like($error->{hint}, qr/max_files_per_process/, 'the hint says which setting');
like($out, qr/\At\n/, 'the first connections are made');
like($out, qr/last\|t/, 'the first connections work afterwards');
like($out, qr/more\|t/, 'the descriptors of dropped servers are free again');

is($node->sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $by_pid"), '1', 'the other session went on all this time');
$bystander->finish;
KalamNode::finish();
