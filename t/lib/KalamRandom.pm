# Random transactions, as scripts for psql that mean the same for an ordinary table and for a KalamDB table.
#
#     my $random = KalamRandom->new(7);              # of a seed: the same one makes the same scripts
#     my $script = $random->script($kind, $count);   # for a schema that has what is_made_of($kind) describes
#
# What docs/limits.md lists as different is not asked: no statement inserts a key that may be stored already, but of one
# that the transaction has removed; the order of rows is given; and column d, which KalamDB fills in, is read at the end.
package KalamRandom;
use strict;
use warnings;

# The kinds of tables: name of the key, kind of KalamDB table, whether there are triggers, whether rows are reached through
# a partitioned parent, settings of the session.
our @KINDS = (
	{ name => 'plain', key => 'id', type => 'SHARED', settings => '' },
	{ name => 'spilled', key => 'id', type => 'SHARED', settings => q{SET work_mem = '64kB';} },
	{ name => 'triggers', key => 'id', type => 'SHARED', triggers => 1, settings => '' },
	{ name => 'partition', key => 'id', type => 'SHARED', parent => 1, settings => '' },
	{ name => 'own', key => 'id', type => 'USER', settings => q{SET kalam.user_id = 'random';} },
	{ name => 'steps', key => 'id', type => 'SHARED', settings => q{SET kalam.write_mode = 'autocommit';} },
	{
		name => 'code', key => 'code', type => 'SHARED', triggers => 1,
		settings => q{SET kalam.write_mode = 'autocommit'; SET work_mem = '64kB';} });

sub new
{
	my ($class, $seed) = @_;
	return bless { state => $seed }, $class;
}

# A generator of our own: rand() is another one on every system.
sub below
{
	my ($self, $limit) = @_;
	$self->{state} = ($self->{state} * 1103515245 + 12345) & 0x7fffffff;
	return ($self->{state} >> 8) % $limit;
}

sub one_of { my ($self, @choices) = @_; return $choices[ $self->below(scalar @choices) ]; }

sub columns { my ($kind) = @_; return "$kind->{key} int PRIMARY KEY, n int NOT NULL CONSTRAINT small CHECK (n < 1000), b text, amount numeric(10,2), tags text[], j jsonb, at timestamptz"; }

# The statements that make a schema's tables: `t` is what transactions use, `whole` the same with a column that t has not.
sub tables
{
	my ($kind, $schema, $is_kalamdb) = @_;
	my $columns = columns($kind);
	my $ddl = "CREATE SCHEMA $schema; SET search_path = $schema, public; CREATE TABLE log (what text, n text); SET kalam.user_id = 'random';";
	my $foreign = $columns =~ s/int PRIMARY KEY/int NOT NULL/r;
	my $table = $kind->{parent} ? 'part' : 't';
	if ($is_kalamdb)
	{
		my $options = q{SERVER kalam_server OPTIONS ("table" 't', table_type '} . lc($kind->{type}) . q{')};
		$ddl .= qq{
SELECT kalam_exec('CREATE NAMESPACE $schema');
SELECT kalam_exec('CREATE $kind->{type} TABLE $schema.t ($kind->{key} INT PRIMARY KEY, n INT NOT NULL, b TEXT, amount DECIMAL(10,2), tags TEXT, j JSON, at DATETIME, d INT DEFAULT 7, hidden TEXT DEFAULT ''h'')');
CREATE FOREIGN TABLE $table (d int, $foreign) $options;
CREATE FOREIGN TABLE whole ($foreign, d int, hidden text) $options;};
		$ddl =~ s/\(d int, (.*)\) SERVER/($1, d int) SERVER/ unless $kind->{parent};  # there the order is not the parent's
		$ddl .= "CREATE TABLE t ($foreign, d int) PARTITION BY RANGE ($kind->{key});" if $kind->{parent};
	}
	else
	{
		$ddl .= qq{
CREATE TABLE $table ($columns, d int DEFAULT 7, hidden text DEFAULT 'h');
CREATE VIEW whole AS SELECT * FROM $table;};
		$ddl .= "CREATE TABLE t ($foreign, d int DEFAULT 7, hidden text DEFAULT 'h') PARTITION BY RANGE ($kind->{key});" if $kind->{parent};
	}
	$ddl .= 'ALTER TABLE t ATTACH PARTITION part FOR VALUES FROM (MINVALUE) TO (MAXVALUE);' if $kind->{parent};
	return $ddl unless $kind->{triggers};
	my $key = $kind->{key};
	return $ddl . qq{
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql SET search_path = $schema, public AS \$\$
BEGIN
  IF NEW.n % 23 = 5 THEN RETURN NULL; END IF;
  IF NEW.n % 7 = 3 THEN NEW.b := coalesce(NEW.b, '') || 'before'; NEW.tags := NEW.tags || TG_OP; END IF;
  IF NEW.n = 444 THEN RAISE division_by_zero; END IF;
  RETURN NEW;
END \$\$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql SET search_path = $schema, public AS \$\$
BEGIN
  IF TG_OP = 'DELETE' THEN INSERT INTO log VALUES (TG_OP, OLD.n || ' ' || length(OLD.b)); RETURN NULL; END IF;
  INSERT INTO log SELECT TG_OP, concat_ws(' ', NEW.n, length(NEW.b), count(*)) FROM t WHERE $key = NEW.$key;
  IF NEW.n % 11 = 4 AND pg_trigger_depth() = 1 THEN UPDATE t SET b = coalesce(b, '') || '+' WHERE $key = NEW.$key; END IF;
  IF NEW.n % 13 = 6 AND pg_trigger_depth() = 1 THEN DELETE FROM t WHERE $key = NEW.$key; END IF;
  RETURN NULL;
END \$\$;
CREATE TRIGGER b BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION before_row();
CREATE TRIGGER a AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION after_row();
};
}

# ---------------------------------------------------------------- values

sub seeded { my ($self) = @_; return 1 + $self->below(6); }
sub any_key { my ($self) = @_; return $self->one_of($self->seeded, 11 + $self->below(7), 11 + $self->below(7)); }
sub fresh { my ($self) = @_; return 11 + $self->below(7); }
sub number { my ($self) = @_; return $self->one_of($self->below(40), $self->below(40), $self->below(600), $self->below(1030)); }

sub text_value
{
	my ($self) = @_;
	my $n = $self->below(1000);
	return $self->one_of('NULL', "''", "'t$n'", "'t$n'", qq{E'"\\\\ \\n\\u00e9$n'}, "repeat('$n', 300)", "repeat(md5('$n'), 3200)");
}

sub amount { my ($self) = @_; return $self->one_of('NULL', $self->below(100000) / 100, '-0.5', '1.00', $self->below(6) ? '2' : '123456789'); }
sub tags { my ($self) = @_; return $self->one_of('NULL', q('{}'), q('{a,b}'), q('{"x y",NULL,"\"q\""}'), q(ARRAY['c','d'])); }
sub json { my ($self) = @_; return $self->one_of('NULL', q('{"a": [1, 2.50, null]}'), q('"text"'), q('{}')); }
sub moment { my ($self) = @_; return $self->one_of('NULL', q('2024-02-29 12:34:56.789012+00'), q('1969-12-31 23:59:59.999999+00')); }

# SET clauses without the key.
sub assignments
{
	my ($self) = @_;
	my @all = (
		'n = n + ' . $self->below(20), 'n = ' . $self->number, 'b = ' . $self->text_value, q{b = coalesce(b, '') || 'x'},
		q{b = NULL}, 'amount = ' . $self->amount, 'amount = amount * 1.1', 'tags = ' . $self->tags, q{tags = tags || 'more'::text},
		'j = ' . $self->json, 'at = ' . $self->moment, q{at = at + interval '1 day'}, 'd = ' . $self->one_of('NULL', $self->below(50)));
	my %set;
	for (0 .. $self->below(3))
	{
		my $assignment = $self->one_of(@all);
		$set{ (split / /, $assignment)[0] } //= $assignment;
	}
	return join ', ', map { $set{$_} } sort keys %set;
}

sub condition
{
	my ($self, $key) = @_;
	return $self->one_of(
		"$key = " . $self->any_key, "$key = " . $self->any_key, "$key = " . $self->seeded, "$key IN (" . $self->any_key . ', ' . $self->any_key . ')',
		"$key = ANY ('{" . join(',', $self->seeded, $self->fresh, $self->fresh) . "}')",
		'n < ' . $self->below(60), "$key > " . $self->any_key, "b LIKE 't%'", 'length(b) > 50000', 'true');
}

# ---------------------------------------------------------------- statements

# What is shown of a row.
sub shown
{
	my ($key) = @_;
	return "$key, n, length(b) AS l, left(md5(b), 5) AS b, amount, tags, j, extract(epoch FROM at) AS at";
}

sub row { my ($self, $id) = @_; return '(' . join(', ', $id, $self->number, $self->text_value, $self->amount, $self->tags, $self->json, $self->moment) . ')'; }

sub select_rows
{
	my ($self, $key) = @_;
	my $lock = $self->below(3) ? '' : ' FOR ' . $self->one_of('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE') . $self->one_of('', '', ' NOWAIT', ' SKIP LOCKED');
	return 'SELECT ' . shown($key) . " FROM t WHERE " . $self->condition($key) . " ORDER BY $key" . $self->one_of('', '', '', ' LIMIT 2') . $lock;
}

# INSERT, UPDATE and DELETE, each optionally with RETURNING, whose rows are put in order.
sub returning
{
	my ($self, $statement, $key) = @_;
	return $statement if $self->below(3) > 0;
	return "WITH w AS ($statement RETURNING " . shown($key) . ") SELECT * FROM w ORDER BY $key, n" if $self->below(2) > 0;
	return "WITH w AS ($statement RETURNING n) INSERT INTO log SELECT 'w', n FROM w";
}

sub insert
{
	my ($self, $key) = @_;
	my $names = "$key, n, b, amount, tags, j, at";
	my $id = $self->any_key;
	my @ways = (
		"INSERT INTO t ($names) VALUES " . $self->row($self->fresh),
		"INSERT INTO t VALUES " . join(', ', map { $self->row($_) } $self->fresh, 21 + $self->below(5), 31 + $self->below(5)),
		"INSERT INTO t ($key, n) VALUES (" . $self->fresh . ', ' . $self->one_of($self->number, 'NULL', 'DEFAULT') . ')',
		"INSERT INTO t ($key, n, d) VALUES (" . $self->fresh . ', ' . $self->number . ', ' . $self->one_of('NULL', 3) . ')',
		"INSERT INTO t ($key, b, n) SELECT $id, " . $self->text_value . ", 9 WHERE NOT EXISTS (SELECT FROM t WHERE $key = $id)",
		"INSERT INTO t ($names) SELECT $key + 40, n, b, amount, tags, j, at FROM t WHERE $key < 7",
		"INSERT INTO t ($key, n, b) SELECT i, i, repeat(md5(i::text), 400) FROM generate_series(50, " . (50 + $self->below(9)) . ') i');
	return $self->returning($self->one_of(@ways), $key);
}

# Moves, one or all; also onto a key whose row the transaction has removed.
sub move
{
	my ($self, $key) = @_;
	my ($from, $to) = ($self->any_key, $self->any_key);
	my $free = sub { return "NOT EXISTS (SELECT FROM t WHERE $key = $_[0])" };
	my $set = $self->below(2) ? '' : ', ' . $self->assignments;
	return $self->one_of(
		$self->returning("UPDATE t SET $key = $to$set WHERE $key = $from AND " . $free->($to), $key),
		$self->returning("UPDATE t SET $key = $to$set WHERE $key = $from AND " . $free->($to), $key),
		"UPDATE t SET $key = " . $self->fresh . " WHERE $key = $from",
		"UPDATE t SET $key = $key + 100$set WHERE $key < 100 AND NOT EXISTS (SELECT FROM t WHERE $key > 99)",
		"UPDATE t SET $key = $key - 100$set WHERE $key > 99 AND NOT EXISTS (SELECT FROM t WHERE $key < 100)",
		join(";\n", "UPDATE t SET $key = 99 WHERE $key = $from AND " . $free->(99),
			"UPDATE t SET $key = $from WHERE $key = $to AND " . $free->($from), "UPDATE t SET $key = $to WHERE $key = 99 AND " . $free->($to)));
}

sub change
{
	my ($self, $kind) = @_;
	my $key = $kind->{key};
	my $where = $self->condition($key);
	my ($a, $b) = ($self->any_key, $self->seeded);
	my @ways = (
		sub { $self->insert($key) }, sub { $self->insert($key) }, sub { $self->insert($key) },
		sub { $self->returning('UPDATE t SET ' . $self->assignments . " WHERE $where", $key) },
		sub { $self->returning('UPDATE t SET ' . $self->assignments . " WHERE $where", $key) },
		sub { $self->returning('UPDATE t SET ' . $self->assignments . " FROM (VALUES ($a, 1), (" . ($a + 1) . ", 2)) v (k, m) WHERE $key = k", $key) },
		sub { $self->move($key) }, sub { $self->move($key) }, sub { $self->move($key) },
		sub { $self->returning("DELETE FROM t WHERE $where", $key) },
		sub { $self->returning("DELETE FROM t WHERE $key = $b", $key) },
		sub { "WITH gone AS (DELETE FROM t WHERE $key = $a RETURNING n, b) INSERT INTO t ($key, n, b) SELECT " . (60 + $self->below(4)) . ', n, b FROM gone' },
		sub { "WITH gone AS (DELETE FROM t WHERE $key = $a RETURNING n) UPDATE t SET n = t.n + gone.n FROM gone WHERE $key = $b AND $a <> $b" },
		sub { "EXECUTE changed($a, " . $self->below(30) . ')' }, sub { 'EXECUTE gone(' . $a . ')' },
		sub { $self->one_of($kind->{parent} ? "SELECT 1 / 0" : "UPDATE t SET $key = NULL WHERE $where", "INSERT INTO t ($key, n) VALUES (NULL, 1)", "UPDATE t SET n = NULL WHERE $where", "UPDATE t SET n = 1 / (n - n) WHERE $where", "UPDATE t SET n = n + 990 WHERE $where") },
		sub { 'EXECUTE came(' . $self->fresh . ', ' . $self->number . ')' },
		sub { $kind->{triggers} ? "DELETE FROM t WHERE $key > 3" : 'TRUNCATE t' });
	return $self->one_of(@ways)->();
}

sub copy
{
	my ($self, $key) = @_;
	my $lines = join '', map { join("\t", $_, $self->number, $self->one_of('\N', 'c', '\\\\ \t', 'y' x 9000)) . "\n" } $self->fresh, 70 + $self->below(5);
	return "COPY t ($key, n, b) FROM stdin;\n$lines\\.";
}

sub block
{
	my ($self, $kind) = @_;
	my $body = join "\n", map { my $change = $self->change($kind); $change = $self->select_rows($kind->{key}) if $change =~ /EXECUTE/; $change =~ /^(?:SELECT|WITH .* SELECT \* FROM w)/s ? "FOR r IN $change LOOP INSERT INTO log VALUES ('row', r::text); END LOOP;" : "$change;" } 0 .. $self->below(3);
	my $end = $self->one_of('', '', '', 'RAISE division_by_zero;', "SELECT count(*) INTO r FROM t; INSERT INTO log VALUES ('count', r::text);");
	return "DO \$\$ DECLARE r record; BEGIN\n$body\n$end\nEXCEPTION WHEN OTHERS THEN INSERT INTO log VALUES ('caught', SQLSTATE); END \$\$;";
}

sub step
{
	my ($self, $kind, $savepoints) = @_;
	my $key = $kind->{key};
	my $way = $self->below(20);
	return $self->change($kind) . ';' if $way < 9;
	return $self->select_rows($key) . ';' if $way < 11;
	return $self->copy($key) if $way == 11;
	return $self->block($kind) if $way == 12;
	if ($way == 13)
	{
		my $change = $self->one_of($self->insert($key), $self->move($key), 'UPDATE t SET ' . $self->assignments);
		return 'DECLARE c CURSOR FOR ' . $self->select_rows($key) . ";\n" . $self->one_of('', '', "FETCH 2 FROM c;\n") . "$change;\nFETCH ALL FROM c;\nCLOSE c;";
	}
	return 'SELECT count(*), sum(n), count(b), sum(length(b)) FROM t;' if $way == 14;
	if ($way < 17 || !@$savepoints)
	{
		push @$savepoints, 's' . scalar @$savepoints;
		return "SAVEPOINT $savepoints->[-1];";
	}
	my $index = $self->below(scalar @$savepoints);
	my $name = $savepoints->[$index];
	if ($way == 17)
	{
		splice @$savepoints, $index;
		return "RELEASE $name;";
	}
	splice @$savepoints, $index + 1;
	return "ROLLBACK TO $name;";
}

sub transaction
{
	my ($self, $kind, $number) = @_;
	my $key = $kind->{key};
	my @savepoints;
	my $names = "$key, n, b, amount, tags, j, at, d, hidden";
	my @rows = map { my $row = $self->row($_); $row =~ s{123456789}{3}g; $row =~ s/^\(\d+, \d+/"($_, " . (100 + $_ * 17)/e; $row =~ s/\)$/, $_, 'of $_')/; $row } 1 .. 2 + $self->below(5);
	my $text = "\\echo transaction $number\n\\set ON_ERROR_ROLLBACK " . $self->one_of('on', 'off') . "\nSET session_replication_role = replica;\nDELETE FROM whole;\nINSERT INTO whole ($names) VALUES\n" . join(",\n", @rows) . ";\nDELETE FROM log;\nRESET session_replication_role;\n";
	my $is_block = $self->below(6) > 0;
	$text .= "BEGIN;\n" if $is_block;
	for (0 .. 2 + $self->below(12))
	{
		$text .= ($is_block ? $self->step($kind, \@savepoints) : $self->change($kind) . ';') . "\n";
	}
	$text .= $self->one_of('COMMIT', 'COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK') . ";\n" if $is_block;
	return $text . 'SELECT ' . shown($key) . ", d, hidden FROM whole ORDER BY $key;\nSELECT * FROM log ORDER BY what, n;\n";
}

sub script
{
	my ($self, $kind, $count) = @_;
	my $key = $kind->{key};
	return "\\set VERBOSITY sqlstate\n$kind->{settings}\n"
	  . "PREPARE changed AS UPDATE t SET n = n + \$2 WHERE $key = \$1;\nPREPARE gone AS DELETE FROM t WHERE $key = \$1 RETURNING n;\n"
	  . "PREPARE came (int, int) AS INSERT INTO t ($key, n) VALUES (\$1, \$2);\n"
	  . join('', map { $self->transaction($kind, $_) } 1 .. $count);
}

1;
