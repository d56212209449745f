#!/bin/bash
# SR-12, SR-13, SR-14: nodes that lie, in each way there is: alone, as a minority, and as a majority below
# the quorum.  A minority never stops the others, and no lie is ever believed.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_chain
run teereg gov deploy kms
TEEREG_KMS=$(field contract)
export TEEREG_KMS
chain=$TEEREG_RPC
unset TEEREG_RPC

nodes_that_may_lie "$chain" a b c d e

# nodes K NAME...: options for these nodes, into NODES.
nodes() {
    NODES=(--quorum "$1")
    local name
    for name in "${@:2}"; do NODES+=(--rpc "${NODE[$name]}"); done
}
# not_read SENTENCE: reading fails, for a lie or for want of answers, and prints nothing.
not_read() {
    local code=0
    show >"$WORK/seen" 2>"$WORK/said" || code=$?
    [[ $code == [456] ]] && [ ! -s "$WORK/seen" ] || fail "$1: exit code $code, $(cat "$WORK/said" "$WORK/seen")"
    ok "$1"
}
show() { timeout 40 teereg gov show kms "${NODES[@]}" --json; }
status() { timeout 40 teereg chain status "${NODES[@]}" --json "$@"; }

teereg gov show kms --rpc "$chain" --json >"$WORK/truth"
grep -q '"version"' "$WORK/truth" || fail "no version in: $(cat "$WORK/truth")"
# What a read shows, without the block it was read at.
facts() { grep -vE '"(block|block_hash)"' "$1"; }
facts "$WORK/truth" >"$WORK/true-facts"

nodes 3 a b c d e
show >"$WORK/seen"
facts "$WORK/seen" | cmp -s - "$WORK/true-facts" || fail "found $(cat "$WORK/seen")"
ok "five honest nodes, three must agree: the contract is read as it is"

says "a contract is read by the slots of the reference, too" \
    '"owner": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"' \
    teereg chain reference kms --contract "$TEEREG_KMS" "${NODES[@]}" --json

# ---- one way to lie after the other ----

for way in value proof absent header fork old chain silent huge slow garbage error; do
    they honest a b c d e
    they "$way" d e
    nodes 3 a b c d e
    show >"$WORK/seen" 2>"$WORK/said" || fail "two that lie ($way) stop three: $(cat "$WORK/said")"
    facts "$WORK/seen" | cmp -s - "$WORK/true-facts" || fail "$way: found $(cat "$WORK/seen")"
    ok "$way: two of five do not stop the others, and are not believed"

    they "$way" c
    nodes 4 a b c d e
    if [ "$way" = old ]; then # what they say was true once: its age tells
        refused "old: three of five, where four must agree: the block is too old" 5 's old, at most 2' \
            status --max-block-age 2
        continue
    fi
    not_read "$way: three of five, where four must agree: nothing is read"
done
they honest a b c d e

# ---- alone ----

nodes 1 a
for way in value proof absent header chain silent huge slow garbage error; do
    they "$way" a
    not_read "$way: a node alone is not believed"
done
they old a
sleep 3
refused "old: a block that is older than the bound is refused, although all nodes agree on it" 5 's old, at most' \
    status --max-block-age 2
they honest a

# ---- what they are called ----

nodes 2 a b c
they chain c
says "a node of another chain is named" 'chain id: found 1 at .*expected 31337' status
they header c
says "a header that is not its hash's is a lie" '"lies": 1' status
they fork c
says "a block that the others do not have is a lie" 'another hash than the others say' status
they chain b c
refused "a quorum that is on another chain refuses by name" 5 "chain id: found 1 at" status

# ---- what was final stays so, also across a restart ----

they honest a b c d e
nodes 1 a
says "what is final is remembered of a node alone" '"agreed": true' status --chain-state "$WORK/alone.json"
they fork a
refused "alone: a node that rewrites what was final is refused" 5 "was final, and 1 of 1 endpoints" \
    status --chain-state "$WORK/alone.json"
they honest a
nodes 4 a b c d e
says "and of five" '"agreed": true' status --chain-state "$WORK/five.json"
they fork c d e
refused "three of five that rewrite it, where four must agree: nothing is read" 5 "was final, and 3 of 5 endpoints" \
    status --chain-state "$WORK/five.json"

they honest a b c d e
nodes 2 a b c
state=(--chain-state "$WORK/chain.json")
says "what is final is remembered" '"agreed": true' status "${state[@]}"
number=$(sed -nE 's/.*"number": ([0-9]+).*/\1/p' "$WORK/chain.json")
[ "$(stat -c %a "$WORK/chain.json")" = 600 ] || fail "others may read the state"
says "a restart goes on from there" '"agreed": true' status "${state[@]}"
they "frozen $((number - 1))" a b c
refused "nodes that are behind what was final do not take a restart back" 6 "confirm block|must agree" status "${state[@]}"
they fork a b
refused "a finalized history that too few confirm stops it" 5 "was final, and 2 of 3 endpoints have another there now" \
    status "${state[@]}"
they honest a b c
they fork c
says "one that rewrites history does not" '"agreed": true' status "${state[@]}"
grep -q 'another hash than the others say' "$WORK/chain.json" || fail "the conflict was not kept"
ok "what it said is kept as evidence"
refused "the memory of another chain is refused" 5 'is of chain 31337, expected 1' status "${state[@]}" --chain-id 1
echo '{' >"$WORK/chain.json"
refused "a damaged memory is refused, not begun anew" 5 'is damaged' status "${state[@]}"
finish
