# shellcheck shell=bash
# A whole local system out of our own programs: processes, their logs, and how all of it ends.
#
# Sourced by tools/demo.sh, tools/up.sh and tests/integration/lib.sh.  The caller has set -euo pipefail
# and ROOT; BUILD is the development build (default $ROOT/build-dev).  system_begin makes $WORK and
# sees to it that everything started here is stopped and $WORK removed at exit, whatever happens;
# with TEEREG_KEEP=1 the folder stays.  What the system consists of: tools/system_steps.sh.

BUILD=${BUILD:-$ROOT/build-dev}
declare -A PID=() # of each process that runs, by its name

fail() {
    printf '%s\n' "error: $*" >&2
    exit 1
}

system_begin() {
    [ -x "$BUILD/teereg" ] && [ -x "$BUILD/teereg-sim" ] ||
        fail "no development build in $BUILD; ./dev build makes it"
    BUILD=$(cd "$BUILD" && pwd)
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/teereg-XXXXXX")
    mkdir -m 700 "$WORK/log"
    trap system_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    export PATH=$BUILD:$PATH
    # Settings of whoever runs this must not leak into it.
    local name
    for name in $(compgen -e TEEREG_); do
        case $name in TEEREG_CACHE | TEEREG_SRC | TEEREG_BUILD | TEEREG_KEEP) ;; *) unset "$name" ;; esac
    done
}

# start NAME COMMAND...: in the background; its output is $WORK/log/NAME.
start() {
    local name=$1
    shift
    : >"$WORK/log/$name" # there at once, for who reads it
    "$@" >>"$WORK/log/$name" 2>&1 </dev/null &
    PID[$name]=$!
}

running() { [ -n "${PID[$1]:-}" ] && kill -0 "${PID[$1]}" 2>/dev/null; }

# wait_line NAME REGEX [SECONDS]: the first line of its output that matches (ERE), on stdout.
wait_line() {
    local name=$1 regex=$2 i tries=$((${3:-20} * 50)) line
    for ((i = 0; i < tries; i++)); do
        if line=$(grep -m1 -E -- "$regex" "$WORK/log/$name"); then
            printf '%s\n' "$line"
            return
        fi
        running "$name" || break
        sleep 0.02
    done
    tail -n 20 "$WORK/log/$name" >&2
    fail "$name did not say what was waited for: $regex"
}

# stop NAME [SIGNAL]: and wait for its end; after 5 s it is killed.
stop() {
    local pid=${PID[$1]:-} i
    [ -n "$pid" ] || return 0
    unset "PID[$1]"
    kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
    for ((i = 0; i < 250; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    [ $i -lt 250 ] || kill -s KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

system_end() {
    local status=$? name
    trap '' INT TERM
    trap - EXIT
    for name in "${!PID[@]}"; do
        kill -s TERM "${PID[$name]}" 2>/dev/null || true
    done
    for name in "${!PID[@]}"; do
        stop "$name"
    done
    if [ -n "${TEEREG_KEEP:-}" ]; then
        echo "kept: $WORK" >&2
    else
        rm -rf "$WORK"
    fi
    exit "$status"
}
