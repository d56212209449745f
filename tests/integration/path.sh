#!/bin/bash
# The whole path: an allowed instance gets exactly what governance says, and it is all on record.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
provision orders
out=$WORK/instance-orders

grep -q '"password": "correct horse battery staple"' "$out/config" || fail "$(cat "$out/config")"
ok "the configuration holds the secret where its reference stood"
grep -q '"host": "db.internal"' "$out/config" || fail "$(cat "$out/config")"
ok "the rest of the template is as it was written"

modes=$(cd "$out" && stat -c '%n %a' cacert.pem cert.pem config key.pem | tr '\n' ' ')
[ "$modes" = "cacert.pem 644 cert.pem 644 config 600 key.pem 600 " ] || fail "modes: $modes"
ok "private files are for their owner alone"

openssl verify -CAfile "$out/cacert.pem" "$out/cert.pem" >"$WORK/said" 2>&1 || fail "$(cat "$WORK/said")"
ok "the certificate is of the application's CA"
[ "$(openssl x509 -in "$out/cert.pem" -noout -pubkey)" = "$(openssl pkey -in "$out/key.pem" -pubout)" ] ||
    fail "key.pem is not the certificate's key"
ok "the key is the certificate's"

says "the audit log's chain holds" 'releases +1$' teereg audit verify "$WORK/audit.log"
provision orders
ok "a second start of the same machine is served again"
[ "$(releases)" = 2 ] || fail "found $(releases) releases in the audit log, expected 2"
ok "every release is on record"

teereg-sim measurements --image orders --change rtmr1 --out "$WORK/changed.json" 2>/dev/null
system_platform changed orders
refused "a changed kernel is refused, and the measurement is named with found and expected" 3 \
    'rtmr1.*found.*expected' \
    teereg instance provision --attester "${PLATFORM[changed]}" --out "$WORK/instance-changed"
grep -q 'teereg gov set-config' "$WORK/said" || fail "no command that would allow it"
ok "the refusal names the command that would allow it"
mending=$(sed -nE 's/.*to allow it: (teereg .*)/\1/p' "$WORK/said")
[ ! -e "$WORK/instance-changed" ] || fail "files of a refused instance"
ok "a refused instance writes nothing"
[ "$(releases)" = 2 ] || fail "a refusal stands as a release in the audit log"
ok "a refusal is no release"

# shellcheck disable=SC2086  # a command line without quotes
run $mending
provision changed
ok "that command does allow it"
finish
