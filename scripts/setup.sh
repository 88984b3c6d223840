#!/usr/bin/env bash
# Brings a Debian machine with git, make and Node >= 20 to the point where Ropeway runs:
#   setup.sh npm   the npm packages, Node 24 among them
#   setup.sh all   those, and python3, bubblewrap, tini and a static busybox through apt
#   setup.sh test  those, the engines, registry and database that the tests start, and Huawei Cloud's Python SDK
#   setup.sh long  those, and what test/long needs of PyPI
# Says nothing when nothing is missing. As another user than root it names what to install and exits 1.
set -euo pipefail
cd "$(dirname "$0")/.."

what=${1:-all}
is_long=no
stamp=node_modules/.ropeway-lock
min_node=20

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

# Runs a command with its output set aside; shows it only when the command fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "\"$*\" failed; its output is above"
  fi
  rm -f "$log"
}

npm_is_current() {
  [ -x node_modules/.bin/node ] && cmp -s package-lock.json "$stamp"
}

setup_npm() {
  npm_is_current && return
  command -v node >/dev/null && command -v npm >/dev/null ||
    fail "Node.js $min_node or newer with npm is needed to begin (https://nodejs.org, or your distribution's package)"
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge "$min_node" ] || fail "Node.js $(node --version) is too old to install the packages; $min_node or newer is needed"
  # Two makes at once must not install into one folder; the second finds the work done.
  exec 9<package-lock.json
  flock 9
  npm_is_current && return
  echo 'setup: installing npm packages (npm ci)'
  quietly npm ci --no-audit --no-fund --loglevel=error
  major=$(node_modules/.bin/node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || major=none
  [ "$major" = 24 ] || fail "node_modules/.bin/node should be Node 24 but is $major; npm may have been told to ignore install scripts"
  cp package-lock.json "$stamp"
  flock -u 9
}

# Debian's plain busybox is linked dynamically and cannot run in an empty root.
busybox_is_static() {
  local path
  path=$(command -v busybox) && ! ldd "$path" >/dev/null 2>&1
}

missing_packages() {
  # Tasks see the system's folders only, not what a version manager put into a home.
  [ -x /usr/bin/python3 ] || echo python3
  command -v bwrap >/dev/null || echo bubblewrap
  command -v tini-static >/dev/null || echo tini
  busybox_is_static || echo busybox-static
  [ "$what" = test ] || return 0
  # The tests start their own engines, a registry and a database; nobody's running daemons are touched.
  [ -x /usr/sbin/dockerd ] || echo docker.io
  [ -x /usr/sbin/iptables ] || echo iptables
  command -v docker-registry >/dev/null || echo docker-registry
  command -v htpasswd >/dev/null || echo apache2-utils
  command -v openssl >/dev/null || echo openssl
  /usr/bin/python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
  command -v podman >/dev/null || echo podman netavark aardvark-dns
  command -v ip >/dev/null || echo iproute2
  # What an image of another C library is made with.
  command -v tcc >/dev/null || echo tcc
  compgen -G '/usr/lib/*-linux-musl/crt1.o' >/dev/null || echo musl-dev
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
  [ "$is_long" = yes ] || return 0
  /usr/bin/python3 -c 'import torch, numpy' 2>/dev/null || echo python3-torch python3-numpy
  # An object store of somebody else's.
  command -v radosgw >/dev/null && command -v ceph-osd >/dev/null || echo radosgw ceph-mon ceph-osd ceph-common
  command -v curl >/dev/null || echo curl
}

setup_apt() {
  local missing
  mapfile -t missing < <(missing_packages | tr " " "\n")
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "these are missing: ${missing[*]}" "apt-get was not found; install them with your package manager, then run this again"
  [ "$(id -u)" = 0 ] ||
    fail "these packages are missing: ${missing[*]}" "install them as root, then run this again:" \
      "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  echo "setup: installing ${missing[*]} (apt)"
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -q -o DPkg::Lock::Timeout=120)
  local install=("${apt[@]}" install -y --no-install-recommends "${missing[@]}")
  # A machine with package lists needs no update; one without, or with stale ones, gets exactly one.
  "${install[@]}" >/dev/null 2>&1 && return
  quietly "${apt[@]}" update
  quietly "${install[@]}"
}

# Python packages that only tests need, in a folder of their own.
setup_python() {
  local what=$1 wanted=$2 folder=$3
  cmp -s "$wanted" "$folder/requirements.txt" && return
  echo "setup: installing $what (pip)"
  rm -rf "$folder"
  quietly /usr/bin/python3 -m venv "$folder"
  quietly "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$folder/requirements.txt"
}

# A client that we did not write.
setup_sdk() {
  setup_python "Huawei Cloud's Python SDK" test/sdk/requirements.txt .cache/modelarts-sdk
}

case $what in
  npm) setup_npm ;;
  all)
    setup_npm
    setup_apt
    ;;
  test)
    setup_npm
    setup_apt
    setup_sdk
    ;;
  long)
    what=test
    is_long=yes
    setup_npm
    setup_apt
    setup_sdk
    setup_python 'a property tester, an object store and type checkers' test/long/requirements.txt .cache/python-long
    setup_python 'MindSpore and a reader of rank tables, 900 MB' test/long/requirements-ranks.txt .cache/python-ranks
    ;;
  *) fail "unknown part \"$what\"; say npm, all, test or long" ;;
esac
