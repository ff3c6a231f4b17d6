#!/usr/bin/env bash
# A private PostgreSQL for tests: `scripts/postgres.sh start DIR` prints its URL, `scripts/postgres.sh stop DIR` ends it.
# initdb refuses root, so root runs it as the postgres user.
set -euo pipefail
verb=$1 dir=$2
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "PostgreSQL belum terpasang (apt-get install postgresql)" >&2; exit 1; }
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
case $verb in
  start)
    # The tests throw it away, so nothing waits for the disk; `start DIR durable` keeps what a server keeps by default.
    fast="-c fsync=off -c synchronous_commit=off -c full_page_writes=off"; [ "${3:-}" != durable ] || fast=""
    mkdir -p "$dir"; [ "$(id -u)" = 0 ] && chown postgres "$dir"
    port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
    cd "$dir"
    as "$bin/initdb" -D "$dir/db" -U kimonet -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
    as "$bin/pg_ctl" -D "$dir/db" -w -t 60 -l "$dir/db/log" -o "-p $port -k $dir -c listen_addresses=127.0.0.1 $fast -c max_connections=400" start >/dev/null
    echo "postgres://kimonet@127.0.0.1:$port/postgres" ;;
  stop) as "$bin/pg_ctl" -D "$dir/db" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir" ;;
  *) echo "pakai: start DIR | stop DIR" >&2; exit 2 ;;
esac
