#!/bin/bash
# SR-13: what a real node proves of accounts and slots, at random states of its chain, is judged as it
# is; nothing that was changed in it is accepted.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
vectors=$ROOT/tests/vectors/eth
start chain "$ROOT/contracts/anvil" --port 0 --no-mining --no-cors
TEEREG_RPC=http://$(wait_line chain '^Listening on ' | sed 's/^Listening on //')

verify() { teereg chain verify-proof --header "$1" --proof "$2" "${@:3}"; }

says "proofs of random states are accepted, changed ones are not" '^60 accepted, 60 refused$' \
    python3 "$ROOT/tests/integration/proofs.py" "$TEEREG_RPC" "$WORK" 60

# ---- what an auditor meets ----

block=$vectors/headers/latest.json proof=$vectors/proofs/storage.json
says "an answer of geth is accepted, and its slot shown" '^  value +0x0{62}38$' verify "$block" "$proof"
{ printf '{"jsonrpc":"2.0","id":7,"result":' && cat "$block" && echo '}'; } >"$WORK/block.json"
says "a block in the answer that brought it is found" '"verdict": "accept"' verify "$WORK/block.json" "$proof" --json
refused "the state of another block is rejected" 3 'node 0 has another hash than the root names' \
    verify "$vectors/headers/prague.json" "$proof"
sed 's/"number":"0x36"/"number":"0x37"/' "$block" >"$WORK/block.json"
refused "a block whose fields are not those of its hash is rejected" 3 'its fields have the hash 0x' \
    verify "$WORK/block.json" "$proof"
sed 's/"value":"0x38"/"value":"0x39"/' "$proof" >"$WORK/proof.json"
refused "a value that the nodes do not show is rejected" 3 'another value than is claimed' \
    verify "$block" "$WORK/proof.json"
echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"missing trie node"}}' >"$WORK/proof.json"
refused "a node's error is no proof" 3 'says an error' verify "$block" "$WORK/proof.json"
for odd in '' null '[]' '{}' '"0x"' '{"accountProof":{}}' "$(printf '[%.0s' {1..40})"; do
    printf '%s' "$odd" >"$WORK/odd.json"
    refused "no proof is rejected: ${odd:0:20}" 3 'rejected: --proof' verify "$block" "$WORK/odd.json"
    refused "no block is rejected: ${odd:0:20}" 3 'rejected: --header' verify "$WORK/odd.json" "$proof"
done
head -c 9000000 /dev/zero | tr '\0' ' ' >"$WORK/odd.json"
refused "a file over the bound is rejected" 3 'rejected: --proof' verify "$block" "$WORK/odd.json"
refused "a file that is not there is wrong usage" 2 'No such file' verify "$block" "$WORK/none.json"
refused "no file is wrong usage" 2 '--proof FILE is needed' teereg chain verify-proof --header "$block"
finish
