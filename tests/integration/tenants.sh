#!/bin/bash
# SR-37: what belongs to one application never reaches another, over every route.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
orders_app=$TEEREG_APP orders_reference=$REFERENCE
provision orders

run teereg gov deploy app
TEEREG_APP=$(field contract)
payments_app=$TEEREG_APP
run teereg gov app allow
run teereg gov pki publish
run teereg gov backend add "onchain://$TEEREG_APP"
run teereg gov backend add "onchain://$orders_app"
system_platform payments payments
printf '{"name": "payments"}' >"$WORK/plain.json"
system_config "$WORK/plain.json" "$WORK/payments.json"
provision payments
ok "two applications are served by one KMS"

cmp -s "$WORK/instance-orders/cacert.pem" "$WORK/instance-payments/cacert.pem" &&
    fail "both have one CA"
ok "each has its own CA"
openssl verify -CAfile "$WORK/instance-orders/cacert.pem" "$WORK/instance-payments/cert.pem" \
    >/dev/null 2>&1 && fail "one CA vouches for the other's certificate"
ok "neither CA vouches for the other's certificates"
for app in "$orders_app" "$payments_app"; do
    curl -sk "$TEEREG_KMS_URL/api/v2/pki/$app" | grep -o '"pubkey":"[^"]*"'
done | sort -u | wc -l | grep -qx 2 || fail "one public key"
ok "each has its own public key"

refused "an instance of payments asking for orders is refused" 3 . env TEEREG_APP="$orders_app" \
    teereg instance provision --attester "${PLATFORM[payments]}" --out "$WORK/none"
refused "an instance of orders asking for payments is refused" 3 . \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none"
probe challenge-of-other-app
grep -q '^challenge-of-other-app: refused' "$WORK/probe" || fail "$(cat "$WORK/probe")"
ok "a challenge of one is not good for the other"

# A template of payments that names the sealed secret of orders, which lies in the open.
system_template "$orders_reference"
system_config "$WORK/template.json" "$WORK/payments.json"
refused "the sealed secret of orders does not open for payments" 5 . \
    teereg instance provision --attester "${PLATFORM[payments]}" --out "$WORK/none"
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"
finish
