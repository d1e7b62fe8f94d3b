# Certificates for tests of TLS, made with the openssl program: an authority, a server and a client that it trusts, and
# ones that must be refused.
package KalamCerts;

use strict;
use warnings;
use PostgreSQL::Test::Utils ();

# Files (key => path): ca, server, server_key, client, client_key; other_ca, stranger, stranger_key (of another
# authority); wrong_name, wrong_name_key; expired, expired_key.
sub make
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my %file;
	my $authority = sub {
		my ($name) = @_;
		openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650',
			'-subj', "/CN=$name", '-keyout', "$dir/$name.key", '-out', "$dir/$name.pem");
		return "$dir/$name.pem";
	};
	my $signed = sub {
		my ($name, $ca, $subject, $extensions, @when) = @_;
		PostgreSQL::Test::Utils::append_to_file("$dir/$name.ext", "$extensions\n");
		openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', $subject,
			'-keyout', "$dir/$name.key", '-out', "$dir/$name.csr");
		openssl('x509', '-req', '-in', "$dir/$name.csr", '-CA', "$dir/$ca.pem", '-CAkey', "$dir/$ca.key",
			'-CAcreateserial', '-extfile', "$dir/$name.ext", '-out', "$dir/$name.pem", @when ? @when : ('-days', '3650'));
		$file{$name} = "$dir/$name.pem";
		$file{"${name}_key"} = "$dir/$name.key";
	};
	$file{ca} = $authority->('ca');
	$file{other_ca} = $authority->('other_ca');
	my $local = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
	$signed->('server', 'ca', '/CN=localhost', $local);
	$signed->('stranger', 'other_ca', '/CN=localhost', $local);
	$signed->('wrong_name', 'ca', '/CN=elsewhere', 'subjectAltName=DNS:elsewhere.example');
	# It ends in the second in which it begins; newer OpenSSLs refuse an end before that.
	$signed->('expired', 'ca', '/CN=localhost', $local, '-days', '0');
	$signed->('client', 'ca', '/CN=kalamdb-pg-test', 'extendedKeyUsage=clientAuth');
	return %file;
}

sub openssl
{
	my @command = ('openssl', @_);
	my ($out, $err) = ('', '');
	IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err) or die "@command: $err";
	return;
}

# A file's text, for options that take PEM inline.
sub text
{
	my ($path) = @_;
	return PostgreSQL::Test::Utils::slurp_file($path);
}

1;
