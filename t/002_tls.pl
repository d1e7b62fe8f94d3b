# TLS and mutual TLS: what connects, and what each failure says.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamCerts;
use KalamNode;
use KalamStub;

my %file = KalamCerts::make();

# A name for the foreign server of each case, and a table behind it.
sub try_server
{
	my ($node, $name, $stub, %options) = @_;
	$node->create_server($name, stub => $stub, server => \%options);
	return $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT kalam_ping('$name')");
}

sub works
{
	my ($node, $name, $stub, %options) = @_;
	my ($code, $out, $err) = try_server($node, $name, $stub, %options);
	is($code, 0, "$name: the connection works") or diag($err);
	return;
}

sub refused
{
	my ($node, $name, $stub, $text, %options) = @_;
	my ($code, $out, $err) = try_server($node, $name, $stub, %options);
	my $error = KalamNode::parse_error($err);
	is($error->{sqlstate}, '08001', "$name: the connection is refused");
	like($err, $text, "$name: the error says why");
	unlike($err, qr/BEGIN|PRIVATE/, "$name: the error shows no key");
	return;
}

my $tls = KalamStub->new(options => [ '--tls-cert', $file{server}, '--tls-key', $file{server_key} ]);
my $mutual = KalamStub->new(options =>
	[ '--tls-cert', $file{server}, '--tls-key', $file{server_key}, '--tls-ca', $file{ca}, '--require-client-cert' ]);
my $wrong_name = KalamStub->new(options => [ '--tls-cert', $file{wrong_name}, '--tls-key', $file{wrong_name_key} ]);
my $expired = KalamStub->new(options => [ '--tls-cert', $file{expired}, '--tls-key', $file{expired_key} ]);
my $stranger = KalamStub->new(options => [ '--tls-cert', $file{stranger}, '--tls-key', $file{stranger_key} ]);
my $plain = KalamStub->new;
my $node = KalamNode->new('main', stub => $tls, server => { ca_cert => $file{ca} });

$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.t (id int PRIMARY KEY, v text) USING kalamdb;
	  INSERT INTO app.t SELECT i, 'row ' || i FROM generate_series(1, 1000) i;});
is($node->sql('SELECT count(*), max(v) FROM app.t'), '1000|row 999', 'rows are read over TLS');

works($node, 'inline', $tls, ca_cert => KalamCerts::text($file{ca}));
works($node, 'other_name', $wrong_name, ca_cert => $file{ca}, tls_server_name => 'elsewhere.example');
works($node, 'mutual', $mutual, ca_cert => $file{ca}, client_cert => $file{client}, client_key => $file{client_key});
works($node, 'mutual_inline', $mutual, ca_cert => KalamCerts::text($file{ca}),
	client_cert => KalamCerts::text($file{client}), client_key => KalamCerts::text($file{client_key}));

# The client's certificate in the user mapping, as others' credentials.
for my $case ([ 'mapping', $file{client}, $file{client_key} ],
	[ 'mapping_inline', KalamCerts::text($file{client}), KalamCerts::text($file{client_key}) ])
{
	my ($name, $cert, $key) = @$case;
	$node->create_server($name, stub => $mutual, server => { ca_cert => $file{ca} },
		mapping => { client_cert => $cert, client_key => $key });
	is($node->sql("SELECT kalam_ping('$name')"), 't', "$name: the connection works");
}

refused($node, 'no_client_cert', $mutual, qr/client_cert/, ca_cert => $file{ca});
refused($node, 'strange_client', $mutual, qr/certificate/i, ca_cert => $file{ca},
	client_cert => $file{stranger}, client_key => $file{stranger_key});
refused($node, 'untrusted', $stranger, qr/certificate/i, ca_cert => $file{ca});
refused($node, 'wrong_name', $wrong_name, qr/HINT:  .*"tls_server_name"/, ca_cert => $file{ca});
refused($node, 'expired', $expired, qr/expired/i, ca_cert => $file{ca});
refused($node, 'no_tls_there', $plain, qr/TLS/, ca_cert => $file{ca});
refused($node, 'tls_there', $tls, qr/TLS/);

like($node->error("CREATE SERVER half FOREIGN DATA WRAPPER pg_kalam
  OPTIONS (host 'x', port '1', client_cert '$file{client}')")->{text}, qr/client_key/, 'one half of a certificate and key pair is refused');

KalamNode::finish();
