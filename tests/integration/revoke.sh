#!/bin/bash
# SR-16: what governance takes back counts from the next finalized block, for identity, operator's
# application and the KMS itself.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
instance=(teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/instance-orders")
is_refused() { ! "${instance[@]}"; }

provision orders
identity=$(field identity)
principal=$(field kms_principal)
ok "before: the instance is served"

run teereg gov revoke --contract "$TEEREG_APP" --identity "$identity"
eventually "the revoked identity is refused within seconds" 3 is_refused
probe plain
grep -q '^plain: refused: KMS' "$WORK/probe" || fail "the KMS itself did not refuse: $(cat "$WORK/probe")"
logged "the KMS refuses for that reason" kms 'identity-not-allowed'
run teereg gov set-config --measurements "$WORK/orders.json" --template "$TEMPLATE"
eventually "allowed again, it is served again" 10 "${instance[@]}"

run teereg gov revoke --contract "$TEEREG_KMS" --application "$TEEREG_APP"
eventually "the revoked application is refused within seconds" 3 is_refused
grep -q "to allow it: teereg gov app allow --kms $TEEREG_KMS --app $TEEREG_APP" "$WORK/said" ||
    fail "$(cat "$WORK/said")"
ok "the instance says that the KMS contract does not allow it, and the command that mends it"
run teereg gov app allow
eventually "allowed again, it is served again" 10 "${instance[@]}"

run teereg gov revoke --contract "$TEEREG_KMS" --identity "$principal"
eventually "the revoked KMS is asked nothing within seconds" 3 is_refused
grep -q 'its image with its configuration' "$WORK/said" || fail "$(cat "$WORK/said")"
ok "the instance says that it is the KMS"
finish
