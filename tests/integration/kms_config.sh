#!/bin/bash
# SR-11: the right KMS image with another security configuration is refused before a byte of a request
# is sent to it.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
provision orders
wait_line kms '/api/v2/secrets' 5 >/dev/null
ok "with its own configuration it is asked and answers"
stop kms

# The same image, machine, root and chain; only the endpoint is another one.
nodes_that_may_lie "$TEEREG_RPC" other
TEEREG_RPC=${NODE[other]}
mv "$WORK/log/kms" "$WORK/log/kms-1"
system_kms_start
refused "with another endpoint for its chain it is refused" 3 'its image with its configuration' \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none"
sleep 0.3
if grep -q '/api/' "$WORK/log/kms"; then
    fail "the refused KMS was asked: $(grep /api/ "$WORK/log/kms")"
fi
ok "nothing was sent to it"

# ---- nodes, their authorities and how many must agree are in the hash ----

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/ca.key" -out "$WORK/ca.pem" -subj /CN=node \
    -days 1 2>/dev/null
hash_of() { # sets OUT, like every `run`
    run teereg kms config-hash "$@"
    field config_hash
}
hashes=$(hash_of && hash_of --quorum 1 && hash_of --rpc-ca "$WORK/ca.pem" &&
    hash_of --rpc https://a.example --rpc https://b.example --quorum 2 &&
    hash_of --rpc https://a.example --rpc https://b.example --rpc https://c.example --quorum 2 &&
    hash_of --rpc https://a.example --rpc https://b.example --rpc https://c.example --quorum 3)
[ "$(sort -u <<<"$hashes" | wc -l)" = 6 ] || fail "two configurations have one hash: $hashes"
[ "$(hash_of --rpc https://b.example --rpc https://a.example --quorum 2)" = "$(sed -n 4p <<<"$hashes")" ] ||
    fail "the order of nodes counts"
ok "nodes, their authorities and the quorum are in the hash"
refused "half of the nodes are no quorum" 2 'found 1 for 2 nodes, expected 2 to 2' \
    teereg kms config-hash --rpc https://a.example --rpc https://b.example --quorum 1
refused "authorities that are none are wrong usage" 2 'rpc-ca' \
    teereg kms config-hash --rpc-ca "$WORK/root.key"

run teereg kms config-hash
[ "$(field config_hash)" != "$CONFIG_HASH" ] || fail "both configurations have one hash"
ok "its configuration has another hash"
CONFIG_HASH=$(field config_hash)
run teereg gov allow --contract "$TEEREG_KMS" --measurements "$WORK/kms.json" \
    --config-hash "$CONFIG_HASH"
eventually "once governance allows that configuration too, it serves" 10 \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/second"
finish
