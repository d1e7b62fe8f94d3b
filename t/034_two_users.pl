# Rows of two users in one transaction: where both are in one shard of the server, it commits them together; else it is
# refused at the statement, before anything was sent.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use KalamNode;
use KalamStub;

# Twelve shards, as recorded: alice and grace are in one, bob is in another.
my $stub = KalamStub->new;
my $node = KalamNode->new('main', stub => $stub);
$node->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.notes (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');});

sub notes_of
{
	my ($user) = @_;
	return $node->sql(qq{SET kalam.user_id = '$user'; SELECT string_agg(id || ' ' || body, ', ' ORDER BY id) FROM app.notes});
}
sub writes { return join ' ', map { $_->{method} } grep { $_->{method} =~ /Insert|Update|Delete|Transaction/ } $stub->calls }
sub questions { return map { $_->{sql} } grep { $_->{method} eq 'ExecuteQuery' } $stub->calls }
sub as { my ($user, $sql) = @_; return "SET LOCAL kalam.user_id = '$user'; $sql;\n"; }

# ---- One shard
$stub->forget_calls;
is( $node->sql(
		"BEGIN;\n"
		  . as('alice', q{INSERT INTO app.notes VALUES (1, 'of alice')})
		  . as('grace', q{INSERT INTO app.notes VALUES (1, 'of grace'), (2, 'too')})
		  . as('grace', q{SELECT count(*) FROM app.notes})
		  . as('alice', q{SELECT count(*) FROM app.notes}) . "COMMIT;\n"
		  . "BEGIN;\n"
		  . as('grace', q{UPDATE app.notes SET body = 'changed' WHERE id = 1})
		  . as('alice', q{DELETE FROM app.notes WHERE id = 1})
		  . as('alice', q{INSERT INTO app.notes VALUES (3, 'new')}) . 'COMMIT;'),
	"2\n1", 'each user sees their own rows in the transaction');
is(notes_of('alice'), '3 new', 'the rows of one user are stored after the transaction');
is(notes_of('grace'), '1 changed, 2 too', 'the rows of the other user are stored after the transaction');
like(writes(), qr/^BeginTransaction Insert Insert CommitTransaction BeginTransaction (?:\w+ ){3}CommitTransaction$/,
	'each user has one transaction of the server');
is(scalar(grep { $_ =~ /cluster_groups/ } questions()), 1, 'a connection asks for the number of shards once');

# ---- Nothing of it when one user's rows are refused
my $error = $node->error(
	"BEGIN;\n"
	  . as('alice', q{INSERT INTO app.notes VALUES (4, 'must not stay')})
	  . as('grace', q{INSERT INTO app.notes VALUES (2, 'twice')}) . 'COMMIT;');
is($error->{sqlstate}, '23505', 'a key that exists is an error');
is(notes_of('alice'), '3 new', 'nothing of the other user was written');

# ---- Two shards
$stub->forget_calls;
my $apart = "BEGIN;\n" . as('alice', q{INSERT INTO app.notes VALUES (5, 'x')})
  . as('bob', q{INSERT INTO app.notes VALUES (5, 'x')}) . 'COMMIT;';
$error = $node->error($apart);
is($error->{sqlstate}, '0A000', 'changes of users of two shards are an error');
is($error->{message}, 'cannot change rows of KalamDB users "alice" and "bob" in one transaction', 'the message names both users');
is($error->{detail}, 'Their rows are in different shards, which KalamDB commits separately.', 'the detail explains why');
like($error->{hint}, qr/^Commit before setting kalam.user_id to another user, or set kalam.write_mode to "autocommit"/,
	'the hint says what to do');
is(writes(), '', 'the refused changes sent nothing');

$node->sql(
	"BEGIN;\n" . as('alice', q{INSERT INTO app.notes VALUES (6, 'kept')}) . "SAVEPOINT s;\n\\set ON_ERROR_STOP off\n"
	  . as('bob', q{INSERT INTO app.notes VALUES (6, 'x')}) . 'ROLLBACK TO s; COMMIT;');
is(notes_of('alice'), '3 new, 6 kept', 'the rest of the transaction can be committed');
is(notes_of('bob'), '', 'the refused rows are not stored');

# A server that does not say how many shards it has.
my $together = $apart =~ s/bob/grace/r;
$stub->forget_calls;
$node->sql($together =~ s/COMMIT/ROLLBACK/r);
my ($call) = grep { (questions())[ $_ - 1 ] =~ /cluster_groups/ } 1 .. questions();
$stub->fault({ method => 'ExecuteQuery', call => $call, code => 'PERMISSION_DENIED', message => 'not for you' });
is($node->error($together)->{sqlstate}, '0A000', 'two users are refused when the shards are unknown');
is($stub->hits, 1, 'the question for the shards failed');

# ---- A server of one shard
my $alone = KalamStub->new(options => ['--standalone']);
my $beside = KalamNode->new('alone', stub => $alone);
$beside->sql(
	q{CREATE SCHEMA app;
	  CREATE TABLE app.notes (id int PRIMARY KEY, body text) USING kalamdb WITH (type = 'user');});
$beside->sql($apart);
is($beside->sql(qq{SET kalam.user_id = '$_'; SELECT count(*) FROM app.notes}), '1', "a server of one shard: $_")
  for 'alice', 'bob';
is(scalar(grep { $_->{method} eq 'BeginTransaction' } $alone->calls), 1, 'both users share one transaction of the server');

KalamNode::finish();
