#!/bin/bash
# SR-12, SR-72: another chain, no node, a node that ends: nothing is decided, and the message says what
# was found.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
stop kms
orders=(--attester "${PLATFORM[orders]}" --out "$WORK/none")

other_chain() {
    export TEEREG_CHAIN_ID=1
    kms_serve
}
no_node() {
    export TEEREG_RPC=http://127.0.0.1:1
    kms_serve
}

refused "reading with another chain id is refused" 5 'chain id: found 31337 .*expected 1' \
    teereg gov show kms --chain-id 1
refused "writing with another chain id is refused" 5 'chain id: found 31337 .*expected 1' \
    teereg gov app allow --chain-id 1
refused "an instance with another chain id stops" 5 'chain id: found 31337 .*expected 1' \
    teereg instance provision "${orders[@]}" --chain-id 1
refused "a KMS with another chain id does not start" 5 'chain id: found 31337 .*expected 1' \
    other_chain
refused "no node: reading says which one" 6 '127.0.0.1:1' \
    teereg gov show kms --rpc http://127.0.0.1:1
refused "no node: an instance stops" 6 '127.0.0.1:1' \
    teereg instance provision "${orders[@]}" --rpc http://127.0.0.1:1
refused "no node: a KMS does not start" 6 '127.0.0.1:1' \
    no_node
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"
finish
