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
is($node->sql(q{SELECT kalam_ping('kalam_server')}), 't', 'the right password, with a colon in it, is accepted');
is($node->sql(
		q{CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY) USING kalamdb; INSERT INTO app.t VALUES (1), (2);
		  SELECT count(*) FROM app.t}), '2', 'the account reads and writes');

# ---- A wrong one: every statement tries once
server('wrong', login_user => 'locked', login_password => 'right-password');
$node->sql(
	q{CREATE FOREIGN TABLE app.w (id int) SERVER wrong OPTIONS ("table" 't');
	  ALTER USER MAPPING FOR PUBLIC SERVER wrong OPTIONS (SET login_password 'wrong-password')});
for my $statement (q{SELECT kalam_ping('wrong')}, 'SELECT * FROM app.w', 'INSERT INTO app.w VALUES (3)')
{
	$stub->forget_calls;
	my $error = $node->error($statement);
	is($error->{sqlstate}, '28000', "a wrong password is an error: $statement");
	is($error->{message}, 'KalamDB server "wrong" refused the credentials', 'the message says that the credentials were refused');
	like($error->{hint}, qr/user mapping/, 'the hint says what to check');
	unlike($error->{text}, qr/wrong-password/, 'the error does not show the password');
	is(logins(), 1, 'one attempt was made');
}

# ---- Too many of them: the account is locked, also for the right password
$node->error(q{SELECT kalam_ping('wrong')}) for 1 .. 2;
server('correct', login_user => 'locked', login_password => 'right-password');
my $error = $node->error(q{SELECT kalam_ping('correct')});
is($error->{sqlstate}, '28000', 'a locked account is an error');
like($error->{detail}, qr/Account locked until/, 'the detail has the words of the server');
is(logins(), 1, 'one attempt was made with the locked account');
$stub->advance('16m');
is($node->sql(q{SELECT kalam_ping('correct')}), 't', 'the hint says to wait until the lock ends');

# ---- Nobody
server('unknown', login_user => 'nobody', login_password => 'x');
$error = $node->error(q{SELECT kalam_ping('unknown')});
is($error->{sqlstate}, '28000', 'an unknown account is an error');
like($error->{detail}, qr/nobody/, 'the detail names the account');
is(logins(), 1, 'one attempt was made with the unknown account');
server('anonymous');
is($node->error(q{SELECT kalam_ping('anonymous')})->{sqlstate}, '28000', 'a login without credentials is an error');
is(logins(), 1, 'one attempt was made without credentials');
server('token', auth_header => 'Bearer stolen-token');
$error = $node->error(q{SELECT kalam_ping('token')});
is($error->{sqlstate}, '28000', 'a token that is none is an error');
unlike($error->{text}, qr/stolen-token/, 'the error does not show the token');
is(logins(), 1, 'one attempt was made with the token');

# ---- Accounts that may not use this service
for my $account ([ 'reader', 'user' ], [ 'robot', 'service' ])
{
	my ($name, $role) = @$account;
	server($name, login_user => $name, login_password => "$name-password");
	$error = $node->error("SELECT kalam_ping('$name')");
	is($error->{sqlstate}, '42501', "an account of role $role is refused");
	like($error->{text}, qr/DBA or system account/, 'the hint says which roles KalamDB takes');
	is(logins(), 1, 'one attempt was made with the account of role $role');
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
is(KalamNode::parse_error($text)->{sqlstate}, '28000', 'the new mapping with a wrong password is refused');
like($out, qr/^again 2$/m, 'the session works with the right password');

# ---- Nothing secret anywhere
my $secrets = qr/s3cret|wrong-password|right-password|reader-password|robot-password|stolen-token/;
my @leaks = grep { $_ =~ $secrets && $_ !~ /STATEMENT|USER MAPPING/ } split /\n/, slurp_file($node->logfile);
is(join("\n", @leaks), '', q{the server's log holds no password});
unlike(JSON::PP->new->encode([ $stub->calls ]), $secrets, q{the stub's log holds no password});

KalamNode::finish();
