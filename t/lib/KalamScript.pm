# One script beside an ordinary table: what psql prints for it, and where two outputs differ.
package KalamScript;
use strict;
use warnings;
use PostgreSQL::Test::Utils;

# What psql prints for a script, from where it says $from; names that are the side's own are left out.
sub answers
{
	my ($node, $name, $text, $from) = @_;
	my $file = "${PostgreSQL::Test::Utils::tmp_check}/$name.sql";
	append_to_file($file, "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n$text");
	system_log('sh', '-c', 'exec "$@" > "$0" 2>&1', "$file.out", 'psql', '-X', '-a', '-d', $node->connstr('postgres'), '-f', $file);
	my $answers = slurp_file("$file.out");
	$answers =~ s/^psql:\S+ //mg;
	$answers =~ s/^(?:SET|LOCATION: .*|[A-Z]+ NAME: .*)\n//mg;
	$answers =~ s/(unique constraint) (?:"\w+"|of KalamDB table "\S+")/$1/g;
	return $answers =~ s/.*?^(?=\Q$from\E)//smr;
}

# Empty, or the first line that differs with what stands before it.
sub difference
{
	my ($expected, $got) = @_;
	my @expected = split /\n/, $expected;
	my @got = split /\n/, $got;
	my $line = 0;
	$line++ while $line < @expected && $line < @got && $expected[$line] eq $got[$line];
	return '' if $line == @expected && $line == @got;
	my $from = $line < 8 ? 0 : $line - 8;
	return join "\n", "line $line", @expected[ $from .. $line - 1 ], 'PostgreSQL: ' . join(' / ', grep { defined } @expected[ $line .. $line + 2 ]),
	  'KalamDB: ' . join(' / ', grep { defined } @got[ $line .. $line + 2 ]), '';
}

1;
