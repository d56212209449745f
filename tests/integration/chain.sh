#!/bin/bash
# SR-12, SR-72: another chain, no node, a node that ends: nothing is decided, and the message says what
# was found.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
teereg-sim measurements --image orders >"$WORK/m.json" 2>/dev/null
orders=(--attester "${PLATFORM[orders]}" --out "$WORK/none")
serve=(--kms "$TEEREG_KMS" --attester "${PLATFORM[kms]}" --listen 127.0.0.1:0 --admin "$WORK/2.sock"
    --audit "$WORK/2.log" --root-key-file "$WORK/root.key")

refused "reading with another chain id is refused" 5 'found 31337, expected 1' \
    teereg gov show kms --chain-id 1
refused "writing with another chain id is refused" 5 'found 31337, expected 1' \
    teereg gov app allow --chain-id 1
refused "an instance with another chain id stops" 5 'found 31337, expected 1' \
    teereg instance provision "${orders[@]}" --chain-id 1
refused "a KMS with another chain id does not start" 5 'found 31337, expected 1' \
    timeout 20 teereg kms serve "${serve[@]}" --chain-id 1
refused "no node: reading says which one" 6 '127.0.0.1:1' \
    teereg gov show kms --rpc http://127.0.0.1:1
refused "no node: an instance stops" 6 '127.0.0.1:1' \
    teereg instance provision "${orders[@]}" --rpc http://127.0.0.1:1
refused "no node: a KMS does not start" 6 '127.0.0.1:1' \
    timeout 20 teereg kms serve "${serve[@]}" --rpc http://127.0.0.1:1
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"
finish
