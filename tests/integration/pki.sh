#!/bin/bash
# SR-74: what the KMS gives is compared with the PKI that governance published.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
provision orders
ok "with the right PKI onchain the instance gets its secrets"

openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/other.key"
openssl req -x509 -new -key "$WORK/other.key" -subj /CN=other -outform DER -out "$WORK/other.der"
openssl pkey -in "$WORK/other.key" -pubout -outform DER -out "$WORK/other.pub"
"$ROOT/contracts/cast" send --rpc-url "$TEEREG_RPC" --private-key "$(cat "$TEEREG_KEY_FILE")" "$TEEREG_APP" \
    'setPKIV2(bytes,bytes)' "0x$(hex_of "$WORK/other.der")" "0x$(hex_of "$WORK/other.pub")" \
    >"$WORK/log/cast" 2>&1 || fail "$(cat "$WORK/log/cast")"
sleep 0.5
refused "with another PKI onchain it keeps nothing" 5 'CA|PKI|published' \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none"
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"
run teereg gov pki publish
eventually "published again, it is served again" 5 \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none"
finish
