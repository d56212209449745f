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

# The same image, machine, root and chain; only the endpoint's name is another one.
TEEREG_RPC=${TEEREG_RPC/127.0.0.1/localhost}
mv "$WORK/log/kms" "$WORK/log/kms-1"
system_kms_start
refused "with another endpoint for its chain it is refused" 3 'its image with its configuration' \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none"
sleep 0.3
if grep -q '/api/' "$WORK/log/kms"; then
    fail "the refused KMS was asked: $(grep /api/ "$WORK/log/kms")"
fi
ok "nothing was sent to it"

run teereg kms config-hash
[ "$(field config_hash)" != "$CONFIG_HASH" ] || fail "both configurations have one hash"
ok "its configuration has another hash"
CONFIG_HASH=$(field config_hash)
run teereg gov allow --contract "$TEEREG_KMS" --measurements "$WORK/kms.json" \
    --config-hash "$CONFIG_HASH"
eventually "once governance allows that configuration too, it serves" 10 \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/second"
finish
