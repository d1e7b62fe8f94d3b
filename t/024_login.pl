# Login with a KalamDB account: what is sent, what a refusal says, and that a wrong password is tried once and never
# again by itself, since KalamDB locks accounts.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

my $stub = KalamStub->new(options => [
	'--auth', 'accounts', '--account', 'admin:dba:s3cret:with colon', '--account', 'locked:dba:right-password',
	'--account', 'reader:user:reader-password', '--account', 'robot:service:robot-password' ]);

my $node = KalamNode->new('main', stub => $stub,
	mapping => { login_user => 'admin', login_password => 's3cret:with colon' });

sub server
{
	my ($name, %mapping) = @_;
	$node->create_server($name, stub => $stub, mapping => \%mapping);
	$stub->forget_calls;
	return;
}

sub logins { return scalar(my @calls = grep { $_->{method} =~ /OpenSession|Ping/ } $stub->calls) }

# ---- The right password
is($node->sql(q{SELECT kalam_ping('kalam_server')}), 't', 'the right password, with a colon in it');
is($node->sql(
		q{CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY) USING kalamdb; INSERT INTO app.t VALUES (1), (2);
		  SELECT count(*) FROM app.t}), '2', 'reads and writes');

# ---- A wrong one: every statement tries once
server('wrong', login_user => 'locked', login_password => 'right-password');
$node->sql(
	q{CREATE FOREIGN TABLE app.w (id int) SERVER wrong OPTIONS ("table" 't');
	  ALTER USER MAPPING FOR PUBLIC SERVER wrong OPTIONS (SET login_password 'wrong-password')});
for my $statement (q{SELECT kalam_ping('wrong')}, 'SELECT * FROM app.w', 'INSERT INTO app.w VALUES (3)')
{
	$stub->forget_calls;
	my $error = $node->error($statement);
	is($error->{sqlstate}, '28000', "a wrong password: $statement");
	is($error->{message}, 'KalamDB server "wrong" refused the credentials', 'says so');
	like($error->{hint}, qr/user mapping/, 'with a hint');
	unlike($error->{text}, qr/wrong-password/, 'and without the password');
	is(logins(), 1, 'after one attempt');
}

# ---- Too many of them: the account is locked, also for the right password
$node->error(q{SELECT kalam_ping('wrong')}) for 1 .. 2;
server('correct', login_user => 'locked', login_password => 'right-password');
my $error = $node->error(q{SELECT kalam_ping('correct')});
is($error->{sqlstate}, '28000', 'a locked account');
like($error->{detail}, qr/Account locked until/, 'in the words of the server');
is(logins(), 1, 'after one attempt');
$stub->advance('16m');
is($node->sql(q{SELECT kalam_ping('correct')}), 't', 'until the lock ends');

# ---- Nobody
server('unknown', login_user => 'nobody', login_password => 'x');
$error = $node->error(q{SELECT kalam_ping('unknown')});
is($error->{sqlstate}, '28000', 'an unknown account');
like($error->{detail}, qr/nobody/, 'is named');
is(logins(), 1, 'after one attempt');
server('anonymous');
is($node->error(q{SELECT kalam_ping('anonymous')})->{sqlstate}, '28000', 'no credentials');
is(logins(), 1, 'after one attempt');
server('token', auth_header => 'Bearer stolen-token');
$error = $node->error(q{SELECT kalam_ping('token')});
is($error->{sqlstate}, '28000', 'a token that is none');
unlike($error->{text}, qr/stolen-token/, 'is not shown');
is(logins(), 1, 'after one attempt');

# ---- Accounts that may not use this service
for my $account ([ 'reader', 'user' ], [ 'robot', 'service' ])
{
	my ($name, $role) = @$account;
	server($name, login_user => $name, login_password => "$name-password");
	$error = $node->error("SELECT kalam_ping('$name')");
	is($error->{sqlstate}, '42501', "an account of role $role");
	like($error->{text}, qr/DBA or system account/, 'is told which it takes');
	is(logins(), 1, 'after one attempt');
}

# ---- A password that changes while a session is open: the session goes on, the next one cannot begin
my $session = $node->session;
$session->send('SELECT count(*) FROM app.t;');
$session->wait_for(qr/^2$/m);
$node->sql(q{ALTER USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (SET login_password 'old')});
$stub->forget_calls;
$session->send(q{SELECT 'more ' || count(*) FROM app.t;});
$session->wait_for(qr/more|ERROR/);
is(logins(), 1, 'the new mapping is tried once');
$node->sql(q{ALTER USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (SET login_password 's3cret:with colon')});
$session->send(q{SELECT 'again ' || count(*) FROM app.t;});
my ($out, $text) = $session->finish;
is(KalamNode::parse_error($text)->{sqlstate}, '28000', 'and refused');
like($out, qr/^again 2$/m, 'the session works with the right one');

# ---- Nothing secret anywhere
my $secrets = qr/s3cret|wrong-password|right-password|reader-password|robot-password|stolen-token/;
my @leaks = grep { $_ =~ $secrets && $_ !~ /STATEMENT|USER MAPPING/ } split /\n/, slurp_file($node->logfile);
is(join("\n", @leaks), '', q{no password in the server's log});
unlike(JSON::PP->new->encode([ $stub->calls ]), $secrets, q{nor in the stub's});

KalamNode::finish();
