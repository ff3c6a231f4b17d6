#!/usr/bin/env bash
# Brings the tools that build Kimonet: the wasm32 target, cargo-leptos, wasm-bindgen and wasm-opt. Each is installed
# once into a cache folder keyed by version; a second run finds it there and does nothing. With arguments
# (browser, postgres, node, poppler) it brings what only the tests need as well.
#
# Only apt-get, rustup, cargo and npm are used. Source this file to get PATH and RUSTUP_TOOLCHAIN set.
set -euo pipefail

CARGO_LEPTOS=0.3.10
BINARYEN=132.0.0
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WASM_BINDGEN=$(sed -n 's/^wasm-bindgen = { version = "=\([0-9.]*\)".*/\1/p' "$ROOT/Cargo.toml")
CACHE=${KIMONET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kimonet-tools}
mkdir -p "$CACHE"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '\033[1;31mgagal:\033[0m %s\n' "$*" >&2; exit 1; }

# apt_need PACKAGE… — installs Debian packages that are missing, or says which ones an administrator has to install.
apt_need() {
  local missing=() p
  for p in "$@"; do dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo="sudo -n"
    else die "paket sistem belum terpasang: ${missing[*]}. Jalankan sekali sebagai root: apt-get install ${missing[*]}"; fi
  fi
  say "memasang paket sistem: ${missing[*]} (sekitar 1 menit)"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2
}

command -v cc >/dev/null || apt_need build-essential
if ! command -v cargo >/dev/null; then
  [ -r "$HOME/.cargo/env" ] && . "$HOME/.cargo/env" || true
  [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ] && export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH" || true
fi
command -v cargo >/dev/null || die "Rust belum terpasang. Pasang rustup (lihat README), lalu jalankan lagi."

has_wasm_target() { # does the compiler that cargo would call know wasm32?
  local libs; libs=$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) && ls "$libs"/libcore-*.rlib >/dev/null 2>&1
}

# Where rustup cannot reach its server, Debian's own packages carry compiler and standard library sources; one build
# of the latter (about 30 s) makes that toolchain a wasm32 one.
debian_wasm_target() {
  say "rustup tidak dapat mengambil target wasm32; memakai kompilator dari Debian (sekitar 3 menit)"
  apt_need rustc-web cargo-web rust-web-src rust-web-llvm libstd-rust-web-dev lld-22 rust-web-clippy rustfmt-web
  local into=/usr/lib/rustlib/wasm32-unknown-unknown/lib
  if ! ls "$into"/libcore-*.rlib >/dev/null 2>&1; then
    local tmp; tmp=$(mktemp -d)
    mkdir -p "$tmp/src"; printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n' >"$tmp/Cargo.toml"; : >"$tmp/src/lib.rs"
    (cd "$tmp" && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo build --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown >&2)
    if [ "$(id -u)" = 0 ]; then mkdir -p "$into" && cp "$tmp"/target/wasm32-unknown-unknown/release/deps/*.rlib "$into"/
    else sudo -n mkdir -p "$into" && sudo -n cp "$tmp"/target/wasm32-unknown-unknown/release/deps/*.rlib "$into"/; fi
    rm -rf "$tmp"
  fi
  if command -v rustup >/dev/null; then rustup toolchain link web /usr >&2 || true; export RUSTUP_TOOLCHAIN=web
  else export PATH="/usr/bin:$PATH"; fi
}
if [ -e "$CACHE/use-debian-toolchain" ] && command -v rustup >/dev/null; then export RUSTUP_TOOLCHAIN=web; fi
if ! has_wasm_target; then
  say "memasang target wasm32 (sekitar 20 detik)"
  timeout 120 rustup target add wasm32-unknown-unknown >&2 2>&1 || true
  if ! has_wasm_target; then debian_wasm_target; : >"$CACHE/use-debian-toolchain"; fi
fi

bin="$CACHE/cargo-leptos-$CARGO_LEPTOS/bin"
if [ ! -x "$bin/cargo-leptos" ]; then
  say "memasang cargo-leptos $CARGO_LEPTOS (sekitar 6 menit, sekali saja)"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 CARGO_PROFILE_RELEASE_DEBUG=false \
    CARGO_TARGET_DIR="$CACHE/build" cargo install cargo-leptos --version "$CARGO_LEPTOS" --locked --features no_downloads --root "$CACHE/cargo-leptos-$CARGO_LEPTOS" >&2
fi
export PATH="$bin:$PATH"

bin="$CACHE/wasm-bindgen-$WASM_BINDGEN/bin"
if [ ! -x "$bin/wasm-bindgen" ]; then
  say "memasang wasm-bindgen $WASM_BINDGEN (sekitar 2 menit, sekali saja)"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 CARGO_TARGET_DIR="$CACHE/build" \
    cargo install wasm-bindgen-cli --version "$WASM_BINDGEN" --root "$CACHE/wasm-bindgen-$WASM_BINDGEN" >&2
fi
export PATH="$bin:$PATH"
rm -rf "$CACHE/build"

command -v npm >/dev/null || apt_need nodejs npm
if [ ! -x "$CACHE/binaryen-$BINARYEN/node_modules/.bin/wasm-opt" ]; then
  say "memasang wasm-opt (binaryen $BINARYEN, beberapa detik)"
  npm install --prefix "$CACHE/binaryen-$BINARYEN" --no-audit --no-fund "binaryen@$BINARYEN" >&2
fi
export PATH="$CACHE/binaryen-$BINARYEN/node_modules/.bin:$PATH"

for want in "$@"; do
  case $want in
    browser) apt_need chromium fonts-noto-core ;;
    poppler) apt_need poppler-utils ;;
    postgres) [ -x /usr/lib/postgresql/15/bin/initdb ] || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || apt_need postgresql ;;
    node) if [ ! -d "$ROOT/end2end/node_modules/@playwright/test" ] || [ "$ROOT/end2end/package.json" -nt "$ROOT/end2end/node_modules/.package-lock.json" ]; then
            say "memasang paket uji peramban (beberapa detik)"; (cd "$ROOT/end2end" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --no-audit --no-fund >&2); fi ;;
  esac
done
