# shellcheck shell=bash
# What the integration tests share: a whole local system (tools/system.sh, tools/system_steps.sh) and
# checks over it.  A script sources this first, calls system_begin (and system_all), then
# checks, and ends with `finish`.
set -euo pipefail
ROOT=${TEEREG_SRC:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
BUILD=${TEEREG_BUILD:-$ROOT/build-dev}
# shellcheck source=tools/system.sh
. "$ROOT/tools/system.sh"
# shellcheck source=tools/system_steps.sh
. "$ROOT/tools/system_steps.sh"

# shellcheck disable=SC2034  # of system_steps.sh
KMS_MORE=(--rate 0 --quote-rate 0 --log-debug)
checks=0

# ok SENTENCE: what was just shown.
ok() {
    checks=$((checks + 1))
    printf 'ok - %s\n' "$*"
}

finish() {
    [ "$checks" -gt 0 ] || fail "nothing was checked"
    echo "$checks passed, 0 failed"
}

# nodes_that_may_lie URL NAME...: each answers as the node at URL does, until `they` say otherwise; their
# addresses are in NODE.
declare -A NODE
nodes_that_may_lie() {
    local name
    for name in "${@:2}"; do
        echo honest >"$WORK/way-$name"
        start "node-$name" python3 "$ROOT/tests/integration/liar.py" "$1" "$WORK/way-$name"
        # shellcheck disable=SC2034  # of the scripts
        NODE[$name]=$(wait_line "node-$name" '^at http' | sed 's/^at //')
    done
}

# they WAY NAME...: from now on these lie that way (tests/integration/liar.py).
they() {
    local name
    for name in "${@:2}"; do
        echo "$1" >"$WORK/way-$name.new"
        mv "$WORK/way-$name.new" "$WORK/way-$name"
    done
}

# hex_of [FILE]: its bytes as hex digits, without a newline.
hex_of() { od -An -v -tx1 "$@" | tr -d ' \n'; }

# refused SENTENCE EXIT_CODE REGEX COMMAND...: it must fail with that code and say what matches (an ERE,
# over all lines joined by spaces).
# What it said is left in $WORK/said.
refused() {
    local sentence=$1 expected=$2 regex=$3 code=0
    shift 3
    ("$@") >"$WORK/said" 2>&1 </dev/null || code=$?
    if [ "$code" != "$expected" ] || ! tr '\n' ' ' <"$WORK/said" | grep -qE -- "$regex"; then
        cat "$WORK/said" >&2
        fail "$sentence: found exit code $code and the text above, expected $expected and: $regex"
    fi
    ok "$sentence"
}

# says SENTENCE REGEX COMMAND...: it must succeed and say what matches (ERE).
says() {
    local sentence=$1 regex=$2
    shift 2
    "$@" >"$WORK/said" 2>&1 </dev/null || {
        cat "$WORK/said" >&2
        fail "$sentence: the command failed: $*"
    }
    grep -qE -- "$regex" "$WORK/said" || {
        cat "$WORK/said" >&2
        fail "$sentence: expected $regex"
    }
    ok "$sentence"
}

# logged SENTENCE NAME REGEX: the process has said so, now or within the next seconds.
logged() {
    wait_line "$2" "$3" 5 >/dev/null
    ok "$1"
}

# eventually SENTENCE SECONDS COMMAND...: it succeeds within that time.
eventually() {
    local sentence=$1 until=$((SECONDS + $2))
    shift 2
    until ("$@") >"$WORK/said" 2>&1; do
        [ $SECONDS -le $until ] || {
            cat "$WORK/said" >&2
            fail "$sentence: not in time"
        }
        sleep 0.1
    done
    ok "$sentence"
}

# probe HOW...: secrets requests that are wrong in these ways; one line each in $WORK/probe.
probe() {
    "$BUILD/tests/integration/probe" "$TEEREG_KMS_URL" "$TEEREG_RPC" "$TEEREG_CHAIN_ID" "$TEEREG_KMS" \
        "$TEEREG_APP" "$WORK/orders.json" "$@" >"$WORK/probe"
}

# probe_refused HOW REASON SENTENCE: the probe was refused, and the KMS's log says why.
probe_refused() {
    probe "$1"
    grep -qE "^$1: refused: KMS " "$WORK/probe" || fail "$3: found: $(cat "$WORK/probe")"
    wait_line kms "$2" 5 >/dev/null
    ok "$3"
}

# How many releases the audit log holds.
releases() { grep -c '"event":"release"' "$WORK/audit.log" || true; }
