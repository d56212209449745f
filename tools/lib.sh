# shellcheck shell=bash
# Shared by ./dev and the scripts of tools/: messages, packages, build folders.

TEEREG_CACHE=${TEEREG_CACHE:-$HOME/.cache/teereg}
export TEEREG_CACHE
JOBS=${TEEREG_JOBS:-$(nproc)}

say() { printf '%s\n' "dev: $*" >&2; }
die() {
    printf '%s\n' "dev: error: $*" >&2
    exit 1
}

# run_quiet LOG COMMAND...: the output goes to LOG, and its end to the terminal only on failure.
run_quiet() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "failed: $* (whole output: $log)"
    fi
}

# What each kind of work needs from Debian.
PKG_BUILD=(gcc libc6-dev binutils pkg-config meson ninja-build libssl-dev libcurl4-openssl-dev
    libevent-dev libjansson-dev libsecp256k1-dev nettle-dev libgcrypt20-dev
    libtss2-dev libcmocka-dev)
PKG_CHECK=(clang-14 llvm-14 libclang-rt-14-dev clang-format-14 gcovr shellcheck
    python3 python3-venv curl openssl procps valgrind swtpm tpm2-tools)

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "packages must be installed ($*): be root or install sudo"
    fi
}

# install_missing PACKAGE...: by apt, exactly those that are not there.
install_missing() {
    local p missing=()
    command -v apt-get >/dev/null || die "this is not Debian: install by hand what README.md lists"
    for p in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    apt_install "${missing[@]}"
}

apt_install() {
    local log=$TEEREG_CACHE/apt.log
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    mkdir -p "$TEEREG_CACHE"
    if [ -z "$(find /var/lib/apt/lists -name '*Packages*' -mtime -2 -print -quit 2>/dev/null)" ]; then
        run_quiet "$log" as_root "${apt[@]}" update
    fi
    as_root "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1 && return
    # The lists may name versions that the mirror has replaced: once more with fresh ones.
    run_quiet "$log" as_root "${apt[@]}" update
    run_quiet "$log" as_root "${apt[@]}" install -y --no-install-recommends "$@"
}

# setup KIND...: what that kind of work needs, out of
#   build   compile and unit tests      check   the sanitizers, lints, coverage
#   node    contracts and the chain     go      interop tests
setup() {
    local pkgs=("${PKG_BUILD[@]}")
    [[ " $* " != *" check "* ]] || pkgs+=("${PKG_CHECK[@]}")
    if [[ " $* " == *" node "* ]]; then
        # Node may well come from elsewhere than Debian.
        command -v node >/dev/null || pkgs+=(nodejs)
        command -v npm >/dev/null || pkgs+=(npm)
    fi
    install_missing "${pkgs[@]}"
    [[ " $* " != *" node "* ]] || run_quiet "$TEEREG_CACHE/npm.log" "$ROOT/contracts/fetch-tools"
    [[ " $* " != *" go "* ]] || "$ROOT/tools/fetch-go" >/dev/null
}

# configure DIR MESON_OPTION...: once; later runs keep the folder (ninja reconfigures by itself).
configure() {
    local dir=$1
    shift
    [ -f "$ROOT/$dir/build.ninja" ] && return
    say "configuring $dir"
    run_quiet "$ROOT/$dir/dev-setup.log" meson setup "$ROOT/$dir" "$ROOT" "$@"
}

configure_product() { CC=gcc configure build; }
configure_dev() { CC=gcc configure build-dev -Ddev_roots=true; }
configure_asan() {
    CC=clang-14 configure build-asan -Ddev_roots=true -Db_sanitize=address,undefined
}
configure_tsan() { CC=clang-14 configure build-tsan -Ddev_roots=true -Db_sanitize=thread; }
configure_cov() {
    CC=gcc configure build-cov -Ddev_roots=true -Db_coverage=true -Dbuildtype=debug
}
configure_fuzz() {
    CC=clang-14 configure build-fuzz -Ddev_roots=true -Dfuzz=true -Db_sanitize=address,undefined
}

# compile DIR [TARGET...]
compile() {
    local dir=$1
    shift
    say "building $dir"
    ninja -C "$ROOT/$dir" -j "$JOBS" --quiet "$@" >&2 || die "$dir does not build"
}
