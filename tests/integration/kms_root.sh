#!/bin/bash
# SR-72, SR-74: a KMS that is allowed but holds no root key, or another one than the contract has
# committed to, never goes live and is told nothing.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
instance=(teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none")
ready() { curl -sk -o "$WORK/said" -w '%{http_code}' "$TEEREG_KMS_URL/readyz"; }
ca=$(curl -sk "$TEEREG_KMS_URL/api/v2/pki/$TEEREG_APP" | grep -o '"ca_cert":"[^"]*"')
[ "$(ready)" = 200 ] || fail "not ready: $(cat "$WORK/said")"
ok "with the committed root it is ready"
stop kms

mv "$WORK/root.key" "$WORK/right.key"
system_kms_start
[ "$(ready)" = 503 ] || fail "ready with another root"
ok "with another root it is not ready"
says "it says why to its operator" 'commit' teereg kms status --admin "$WORK/kms.sock"
refused "an instance tells it nothing" 3 'another root key' "${instance[@]}"
code=$(curl -sk -o "$WORK/said" -w '%{http_code}' "$TEEREG_KMS_URL/api/v2/pki/$TEEREG_APP")
[ "$code" != 200 ] || fail "it gives out a PKI of another root"
ok "it gives out no PKI ($code)"
refused "it cannot be committed to again" 3 . teereg gov root commit
stop kms

cp "$WORK/right.key" "$WORK/root.key"
chmod 644 "$WORK/root.key"
refused "a root key that others may read is refused" 3 'chmod 600' kms_serve
chmod 600 "$WORK/root.key"
system_kms_start
[ "$(ready)" = 200 ] || fail "not ready again"
[ "$(curl -sk "$TEEREG_KMS_URL/api/v2/pki/$TEEREG_APP" | grep -o '"ca_cert":"[^"]*"')" = "$ca" ] ||
    fail "another CA after a new start"
ok "SR-35: with the right one it serves again, with the same CA byte by byte"
[ "$(releases)" = 0 ] || fail "something was released"
ok "nothing was released meanwhile"
finish
