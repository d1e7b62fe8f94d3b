# Tests against a KalamDB server that outlives them: KALAM_TEST_TARGET=HOST:PORT and KALAM_TEST_AUTH=HEADER name it.
# Namespaces get a name that is unique to the run, and are dropped after it, however it ends. To be sourced.
#
# Needs: pg_bin, and the environment that tools/sandbox prints.
# shellcheck disable=SC2154

# target_token: prints the beginning of this run's namespaces.
target_token() {
  printf 'k%09d\n' "$(($(date +%s) % 1000000 * 1000 + RANDOM % 1000))"
}

# target_sql STATEMENT: runs it and prints what it returns, unaligned.
target_sql() {
  "$pg_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# target_drop_namespaces TOKEN: drops what begins with it. The clean-up jobs of an earlier DROP may be in the way for some
# seconds.
target_drop_namespaces() {
  local left namespace try error
  left=$(target_sql "SELECT n->>'namespace_id' FROM json_array_elements(
    kalam_exec('SELECT namespace_id FROM system.namespaces WHERE namespace_id LIKE ''$1%'' LIMIT 1000')::json) n
    WHERE json_typeof(n) = 'object'" 2>/dev/null) || true
  for namespace in $left; do
    echo "# left behind: $namespace"
    error=
    for try in $(seq 1 40); do
      if error=$(target_sql "SELECT kalam_exec('DROP NAMESPACE IF EXISTS $namespace CASCADE')" 2>&1); then
        error=
        break
      fi
      [ "$try" = 40 ] || sleep 0.5
    done
    [ -z "$error" ] || echo "# could not drop namespace $namespace: ${error%%$'\n'*}"
  done
}
