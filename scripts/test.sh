#!/usr/bin/env bash
# Every test there is, layer by layer; each says its name first and its number of tests after. A layer that ran no test,
# or skipped one, fails the run. With names of layers as arguments only these run:
#   fmt clippy house unit outside protocols build browser-sqlite browser-postgres
# One dev profile and one target folder serve all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
ALL=(fmt clippy house unit outside protocols build browser-sqlite browser-postgres)
usage() { echo "lapisan: ${ALL[*]}" >&2; exit 2; }
layers=("$@")
[ ${#layers[@]} -gt 0 ] || layers=("${ALL[@]}")
for layer in "${layers[@]}"; do [[ " ${ALL[*]} " == *" $layer "* ]] || usage; done

wants() { local l; for l in "${layers[@]}"; do [[ " $* " == *" $l "* ]] && return 0; done; return 1; }
needs=()
if wants unit outside browser-postgres; then needs+=(postgres); fi
if wants unit; then needs+=(poppler); fi
if wants browser-sqlite browser-postgres; then needs+=(browser node); fi
. scripts/tools.sh "${needs[@]+"${needs[@]}"}"
command -v curl >/dev/null || apt_need curl

work=$(mktemp -d)
sandbox_pid=""
cleanup() {
  [ -z "$sandbox_pid" ] || kill "$sandbox_pid" 2>/dev/null || true
  [ ! -d "$work/pg" ] || scripts/postgres.sh stop "$work/pg" || true
  rm -rf "$work"
}
trap cleanup EXIT
chmod 755 "$work" # the server of PostgreSQL runs as another user where root tests
if wants unit outside browser-postgres; then
  TEST_DATABASE_URL=$(scripts/postgres.sh start "$work/pg")
  export TEST_DATABASE_URL
fi

# cargo-leptos builds its development profile with this flag; the same one here lets everything be compiled once.
export CARGO_TERM_COLOR=never
export RUSTFLAGS="--cfg erase_components"

free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }

# Cargo prints "test result: ok. 12 passed; 0 failed; 1 ignored; …" for every program of tests.
cargo_sum() { awk -v f="$2" '/^test result:/ { for (i = 2; i <= NF; i++) if ($i ~ "^" f ";?$") n += $(i - 1) } END { print n + 0 }' "$1"; }
cargo_tests() { cargo test --features ssr --no-fail-fast "$@"; }

layer_fmt() { cargo fmt --check; count=1; }
layer_clippy() {
  cargo clippy --features ssr --all-targets -- -D warnings
  cargo clippy --features hydrate --lib --target wasm32-unknown-unknown --target-dir target/front -- -D warnings
  count=2
}
layer_house() { cargo_tests --test licences --test dependency_rule --test leptos_toml; }
# Repository tests run on SQLite always, and on PostgreSQL as well because TEST_DATABASE_URL is set.
layer_unit() { cargo_tests --lib; }
layer_outside() {
  local names=() file name
  for file in tests/*.rs tests/*/main.rs; do
    name=$(basename "$file" .rs)
    [ "$name" != main ] || name=$(basename "$(dirname "$file")")
    case $name in licences | dependency_rule | leptos_toml) ;; *) names+=(--test "$name") ;; esac
  done
  cargo_tests "${names[@]}"
}
layer_protocols() {
  local venv="$CACHE/clients-1" http routeros passed=0
  if [ ! -x "$venv/ready" ]; then
    dpkg -s python3-venv >/dev/null 2>&1 || python3 -c 'import ensurepip' 2>/dev/null || apt_need python3-venv
    say "memasang klien uji dari luar (beberapa detik)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check librouteros==4.2.2 openpyxl==3.1.5
    printf '#!/bin/sh\n' >"$venv/ready"; chmod +x "$venv/ready"
  fi
  cargo build --features ssr --bin kimonet
  http=$(free_port); routeros=$(free_port)
  KIMONET_DATA="$work/sandbox" target/debug/kimonet sandbox --http "127.0.0.1:$http" --routeros "127.0.0.1:$routeros" --callback-base "http://127.0.0.1:9" &
  sandbox_pid=$!
  until curl -fs -o /dev/null "http://127.0.0.1:$http/control/state"; do
    kill -0 "$sandbox_pid" || return 1
    sleep 0.05
  done
  local file
  for file in tests/clients/*.py; do
    echo "== $file"
    case $(basename "$file") in
      routeros_*) "$venv/bin/python" "$file" 127.0.0.1 "$routeros" ;;
      *) "$venv/bin/python" "$file" 127.0.0.1 "$http" ;;
    esac
    passed=$((passed + 1))
  done
  kill "$sandbox_pid"; wait "$sandbox_pid" || return 1
  sandbox_pid=""
  count=$passed
}
# cargo-leptos adds the flag itself; given twice it would be another flag, and everything be compiled again.
layer_build() { env -u RUSTFLAGS cargo leptos build; [ -s target/site/pkg/kimonet.wasm ]; count=1; }
browser() {
  [ -x target/debug/kimonet ] || { echo "target/debug/kimonet belum dibangun"; return 1; }
  (cd end2end && npx playwright test --project "$1")
}
layer_browser-sqlite() { ENGINE=sqlite browser sqlite; }
layer_browser-postgres() { ENGINE=postgres browser postgres; }

# Playwright's line reporter ends in "  5 passed (1m)", "  1 failed", "  1 skipped", "  1 flaky", "  1 did not run".
playwright_sum() { awk -v f="$2" '$1 ~ /^[0-9]+$/ && index($0, f) { sub(/\x1b\[[0-9;]*m/, ""); n = $1 } END { print n + 0 }' "$1"; }

total=0 failed=0
table=()
for layer in "${layers[@]}"; do
  echo "── $layer"
  begin=$SECONDS status=0 log="$work/$layer.log" bad=0 skipped=0
  # In a subshell of its own, so that `set -e` holds inside it; the count comes back by file.
  set +e
  (set -e; count=0; "layer_$layer"; echo "$count" >"$work/count") >"$log" 2>&1
  status=$?
  set -e
  case $layer in
    house | unit | outside)
      passed=$(cargo_sum "$log" passed) bad=$(cargo_sum "$log" failed) skipped=$(cargo_sum "$log" ignored) ;;
    browser-*)
      passed=$(playwright_sum "$log" passed) bad=$(playwright_sum "$log" failed)
      skipped=$(($(playwright_sum "$log" skipped) + $(playwright_sum "$log" "did not run") + $(playwright_sum "$log" flaky))) ;;
    *) passed=0; [ "$status" -ne 0 ] || passed=$(cat "$work/count") ;;
  esac
  problem=""
  if [ "$status" -ne 0 ]; then problem="keluar dengan $status"
  elif [ "$passed" -eq 0 ]; then problem="tidak satu pun tes berjalan"
  elif [ "$skipped" -ne 0 ]; then problem="$skipped tes dilewati"; fi
  if [ -n "$problem" ]; then
    [ "$bad" -gt 0 ] || bad=1
    echo "   GAGAL: $problem; akhir lognya:"
    tail -n 60 "$log" | sed 's/^/   | /'
  fi
  echo "   $passed tes"
  total=$((total + passed)) failed=$((failed + bad))
  table+=("$(printf '%-18s %6d %6d %6ds' "$layer" "$passed" "$bad" $((SECONDS - begin)))")
done

printf '\n%-18s %6s %6s %7s\n' lapisan lulus gagal waktu
printf '%s\n' "${table[@]}"
echo "$total passed, $failed failed"
[ "$failed" -eq 0 ]
