#!/bin/bash
# ./dev test: all stages, or those named.  The last line is `N passed, N failed` over all of them.
set -uo pipefail
ROOT=${ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
export ROOT
# shellcheck source=tools/lib.sh
. "$ROOT/tools/lib.sh"

ALL="product unit lint asan tsan coverage contracts integration interop mutations bench"
QUICK="product unit lint"
passed=0 failed=0 skipped=0 report=()

# Reads the counts of a meson or `N passed, N failed` output into the variables ok and bad.
count() {
    local log=$1
    ok=$(awk '/^(Ok|Expected Fail): /{n+=$NF} END{print n+0}' "$log")
    bad=$(awk '/^(Fail|Unexpected Pass|Timeout): /{n+=$NF} END{print n+0}' "$log")
    skip=$(awk '/^Skipped: /{n+=$NF} END{print n+0}' "$log")
    if [ $((ok + bad + skip)) = 0 ]; then
        # The sums of every such line: a stage may run several programs that end with one.
        read -r ok bad < <(sed -nE 's/^.*\b([0-9]+) passed, ([0-9]+) failed.*$/\1 \2/p' "$log" |
            awk '{a+=$1; b+=$2} END{print a+0, b+0}')
    fi
}

# stage NAME FUNCTION: a stage that fails without a counted failure is one failure.
stage() {
    local name=$1 log=$ROOT/build/test-$1.log start=$SECONDS ok=0 bad=0 skip=0 status=0
    mkdir -p "$ROOT/build"
    say "== $name"
    # No `||` here: bash would ignore the subshell's -e.
    (
        set -e
        "stage_$name"
    ) 2>&1 | tee "$log"
    status=$?
    count "$log"
    if [ $status != 0 ] && [ "$bad" = 0 ]; then
        bad=1
    elif [ $((ok + bad)) = 0 ]; then
        say "$name: no test ran"
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    report+=("$(printf '%-12s %5d passed %4d failed %4d skipped %5d s' \
        "$name" "$ok" "$bad" "$skip" $((SECONDS - start)))")
}

meson_test() {
    meson test -C "$ROOT/$1" --print-errorlogs --num-processes "$JOBS" "${@:2}"
}

# The product: all of it, the checks of its binary among them.
stage_product() {
    configure_product
    compile build
    meson_test build --suite unit
    meson_test build lint/product lint/hardening
}

stage_unit() {
    configure_dev
    compile build-dev
    meson_test build-dev --suite unit --suite fuzz
}

stage_lint() {
    configure_dev
    meson_test build-dev --suite lint
}

stage_asan() {
    configure_asan
    compile build-asan
    meson_test build-asan --suite unit --suite fuzz --timeout-multiplier 4
}

# The rooms with threads.
stage_tsan() {
    configure_tsan
    compile build-tsan
    meson_test build-tsan --suite base --suite net --suite chain --suite attest --suite kms --suite service \
        --timeout-multiplier 4
}

stage_coverage() {
    # Counts of code that is no more would be counted in.
    rm -rf "$ROOT/build-cov"
    configure_cov
    compile build-cov
    meson_test build-cov --suite unit --suite fuzz --timeout-multiplier 4 >"$ROOT/build-cov/test.log" ||
        die "the tests fail in build-cov; see build-cov/test.log"
    "$ROOT/tools/coverage.sh"
}

stage_contracts() {
    "$ROOT/contracts/check"
}

stage_integration() {
    configure_dev
    compile build-dev
    meson_test build-dev --suite integration
}

stage_mutations() {
    "$ROOT/tests/mutations/run" --sample "${TEEREG_MUTATIONS:-6}"
}

stage_bench() {
    configure_product
    configure_dev
    compile build teereg
    compile build-dev
    "$ROOT/bench/run" --test
}

# A second and a third opinion; fetches the verifiers that give them.
stage_interop() {
    configure_dev
    compile build-dev teereg
    "$ROOT/tests/interop/run"
}

stages=()
for arg in "$@"; do
    case " $ALL --quick " in
    *" $arg "*) ;;
    *) die "no stage named $arg; there are: $ALL" ;;
    esac
    if [ "$arg" = --quick ]; then read -ra stages <<<"$QUICK"; else stages+=("$arg"); fi
done
[ ${#stages[@]} -gt 0 ] || read -ra stages <<<"$ALL"

start=$SECONDS
kinds="build check"
case " ${stages[*]} " in
*" contracts "* | *" integration "* | *" mutations "* | *" bench "* | *" interop "*) kinds="$kinds node go" ;;
esac
# shellcheck disable=SC2086  # a list of words
(setup $kinds) || die "the set-up failed"
for s in "${stages[@]}"; do
    stage "$s"
done

echo
printf '%s\n' "${report[@]}"
for s in $ALL; do
    case " ${stages[*]} " in *" $s "*) ;; *) echo "NOT RUN: $s" ;; esac
done
[ "$skipped" = 0 ] || echo "SKIPPED: $skipped tests skipped themselves; see build/test-*.log"
echo "total time $((SECONDS - start)) s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
