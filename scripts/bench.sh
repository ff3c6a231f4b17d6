#!/usr/bin/env bash
# The numbers of Kimonet: ratios from benches/numbers, then what only a whole process can show (memory, start, sizes).
# Prints one table. BENCH_CUSTOMERS sets the size (100000).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh postgres
command -v curl >/dev/null || apt_need curl
customers=${BENCH_CUSTOMERS:-100000}
work=$(mktemp -d); chmod 755 "$work" # PostgreSQL runs as another user where root measures
trap 'kill "${pid:-0}" 2>/dev/null || true; scripts/postgres.sh stop "$work/pg" || true; rm -rf "$work"' EXIT
TEST_DATABASE_URL=$(scripts/postgres.sh start "$work/pg" durable); export TEST_DATABASE_URL

say "membangun versi rilis (beberapa menit)"
cargo leptos build --release >&2
status=0
cargo bench --features ssr --bench numbers 2>"$work/log" | tee "$work/table" || status=1
grep -E 'seeded|issue|check' "$work/log" >&2 || cat "$work/log" >&2

bin=$PWD/target/release/kimonet
export KIMONET_DATA=$work/data LEPTOS_SITE_ADDR=127.0.0.1:3977 LEPTOS_SITE_ROOT=$PWD/target/site KIMONET_LOG=error
export DATABASE_URL=sqlite:$work/data/kimonet.db
mkdir -p "$KIMONET_DATA"
"$bin" key:generate >/dev/null; "$bin" db:migrate >/dev/null
"$bin" db:seed --customers "$customers" --months 1 --random-seed 7 --routeros 127.0.0.1:1 >/dev/null
now() { date +%s%N; }
up() { # serve's arguments; comes back when the server answers
  "$bin" serve "$@" >&2 2>"$work/serve.log" & pid=$!
  until curl -fs -o /dev/null "http://localhost:3977/health"; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/serve.log" >&2; exit 1; }
    sleep 0.01
  done
}
down() { kill "$pid"; wait "$pid" 2>/dev/null || true; }
begin=$(now)
up
ms=$(( ($(now) - begin) / 1000000 ))
echo "| start to first answer, $customers customers | $ms ms | under 1000 ms | $([ "$ms" -lt 1000 ] && echo yes || echo NO) |"
sleep 5
rss=$(( $(awk '/VmRSS/ {print $2}' "/proc/$pid/status") / 1024 ))
echo "| idle memory of the server | $rss MB | under 80 MB | $([ "$rss" -lt 80 ] && echo yes || echo NO) |"
down

# The page that waits for a payment, with the demo's Flip behind it.
unset DATABASE_URL; export KIMONET_DATA=$work/demo
up --demo
number=$(KIMONET_DATA=$work/demo/demo "$bin" invoice:list --status open --json | node -e 'let s = ""; process.stdin.on("data", d => s += d).on("end", () => console.log(JSON.parse(s).invoices[0].service_number))')
weight=$(node scripts/page_weight.mjs http://localhost:3977 "$number" qris)
down
echo "| public payment page with all it loads, compressed | $((weight / 1000)).$((weight % 1000 / 100)) kB | under 30 kB | $([ "$weight" -lt 30000 ] && echo yes || echo NO) |"

wasm=$(brotli -c -q 11 target/site/pkg/kimonet.wasm 2>/dev/null | wc -c || echo 0)
[ "$wasm" -gt 0 ] || wasm=$(node -e 'const z=require("zlib"),f=require("fs");process.stdout.write(String(z.brotliCompressSync(f.readFileSync("target/site/pkg/kimonet.wasm")).length))')
echo "| kimonet.wasm.br | $((wasm / 1000)) kB | at most 700 kB | $([ "$wasm" -le 700000 ] && echo yes || echo NO) |"
exit $status
