#!/bin/sh
# Makes a clone ready: Debian packages, npm packages with the pinned Node, the native build, codegen and build.
# Run by `npm run setup`, `npm run demo` and `npm test`. Plain sh: nothing is installed yet. Does in seconds what is done already.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Build: C and C++ compilers, make, Python and libpcap for the native parts. Tests and demo: the tools that look at the
# wire, routers of other makes, a cluster's store, the shells that completion is for.
PACKAGES="arping bird2 curl etcd-server exabgp fish frr g++ gcc gobgpd iproute2 iputils-ping libc6-dev libpcap-dev make ndisc6 nftables openssl procps python3 tcpdump tshark util-linux valgrind zsh"
NPM_OLDEST=11.6.2
NPM_SPARE=11.19.1

command -v flock >/dev/null || die "flock is missing: install util-linux."
mkdir -p .nx
exec 9>.nx/setup.lock
flock 9

missing_packages() {
  # shellcheck disable=SC2086
  dpkg-query -W -f='${Package} ${db:Status-Status}\n' $PACKAGES 2>/dev/null | awk '$2 == "installed" { print $1 }' >.nx/installed
  for package in $PACKAGES; do
    grep -qx "$package" .nx/installed || printf '%s ' "$package"
  done
}

if command -v dpkg-query >/dev/null; then
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    say "Debian packages that are lacking: $missing"
    [ "$(id -u)" = 0 ] || die "cannot install them without root. As root: apt-get install -y $missing"
    export DEBIAN_FRONTEND=noninteractive
    # Routers are started by tests, in namespaces of their own; never by the system.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
      trap 'rm -f "$policy"' EXIT
    fi
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } </dev/null >.nx/apt.log 2>&1 || {
      tail -n 20 .nx/apt.log >&2
      die "apt-get could not install: $missing(its output is above and in .nx/apt.log)"
    }
    missing=$(missing_packages)
    [ -z "$missing" ] || die "apt-get ended well, yet these are still lacking: $missing"
  fi
else
  say "this is not Debian: make sure that these (or what your system calls them) are installed: $PACKAGES"
fi

# npm runs on the machine's own Node: the one in node_modules goes away while `npm ci` replaces it.
own_path=$(printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/\.bin$' | paste -sd: -)
npm_version() { PATH=$own_path npm --version 2>/dev/null || echo 0; }
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

if ! cmp -s package-lock.json node_modules/.herald-lock.json; then
  found=$(npm_version)
  [ "$found" != 0 ] || die "npm is missing: install Node 20 or later with npm $NPM_OLDEST or later."
  say "installing npm packages (npm ci)"
  if at_least "$found" "$NPM_OLDEST"; then
    PATH=$own_path npm ci --no-audit --no-fund </dev/null
  else
    say "npm $found does not link the pinned Node; using npm $NPM_SPARE for this run"
    PATH=$own_path npx --yes "npm@$NPM_SPARE" ci --no-audit --no-fund </dev/null ||
      die "npm $found is too old: run 'npm install -g npm@$NPM_SPARE' and try again."
  fi
  fresh=1
fi

export PATH="$PWD/node_modules/.bin:$own_path"
node -e 'process.exit(process.versions.node.split(".")[0] >= 24 ? 0 : 1)' ||
  die "node_modules/.bin/node is $(node --version 2>&1): the pinned Node 24 was not installed (optional dependencies omitted?)."

node tools/native/src/pcap.ts
node tools/native/src/addon.ts
[ -z "${fresh-}" ] || cp package-lock.json node_modules/.herald-lock.json

# What the build reads, by time: the whole of it is skipped when nothing changed since the last one that ended well.
stamp=node_modules/.herald-built
if [ ! -e "$stamp" ] || [ -n "$(find packages tools e2e package-lock.json tsconfig.base.json nx.json \
  \( -name node_modules -o -name dist -o -name gen -o -name coverage -o -name build -o -name prebuilds \) -prune \
  -o -type f -newer "$stamp" -print -quit)" ] || ! ls packages/*/dist/index.js >/dev/null 2>&1; then
  say "building"
  touch node_modules/.herald-building
  nx run-many -t build --outputStyle=static >.nx/build.log 2>&1 </dev/null || {
    cat .nx/build.log >&2
    die "the build failed (its output is above)"
  }
  mv node_modules/.herald-building "$stamp"
fi
