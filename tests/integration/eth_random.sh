#!/bin/bash
# ABI, RLP and transactions on random inputs: ours and cast's are the same bytes.
#
#   tests/integration/eth_random.sh [SEED [COUNT]]
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
seed=${1:-$(date +%Y%m%d)} count=${2:-60} n=0
"$BUILD/tests/integration/eth_random" "$seed" "$count" >"$WORK/cases"
while IFS=$'\t' read -ra words; do
    ours=${words[-1]}
    unset 'words[-1]'
    theirs=$("$ROOT/contracts/cast" "${words[@]:0:1}" "${words[@]:1}" 2>"$WORK/log/cast") ||
        fail "seed $seed: cast ${words[*]}: $(cat "$WORK/log/cast")"
    [ "$ours" = "$theirs" ] || fail "seed $seed: cast ${words[*]}: found $ours, expected $theirs"
    n=$((n + 1))
done <"$WORK/cases"
[ "$n" = $((3 * count)) ] || fail "$n cases"
ok "$n random encodings are those of cast (seed $seed)"
finish
