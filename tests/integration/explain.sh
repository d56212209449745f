#!/bin/bash
# `teereg explain`: every check of a release in its order, the first that fails, and the command that mends it;
# what it says is what the KMS does.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
platform() { run teereg-sim measurements --image orders --change "$1" --out "$WORK/$1.json"; }
mended() { # the command that was named, as it stands
    local command
    command=$(sed -nE 's/^  (teereg gov .*)$/\1/p' "$WORK/said")
    [ -n "$command" ] || { cat "$WORK/said" && fail "no command"; }
    read -ra command <<<"$command"
    "${command[@]}" >"$WORK/log/mended" 2>&1 || fail "${command[*]}: $(cat "$WORK/log/mended")"
    ok "the command that it names does its work: ${command[*]:0:4}"
}
releases_to() { (provision "$1") >"$WORK/log/provision" 2>&1; }

says "an allowed image would be released to" '^\+ identity +passed: allowed since' \
    teereg explain --measurements "$WORK/orders.json"
for line in '^\? evidence +not asked' '^\+ chain +passed: block' '^\+ root +passed: root_id' '^\+ application +passed' \
    '^\+ application-code +passed: code hash' '^\+ lineage +passed: app_id' '^- firmware +not needed' \
    '^- operator +not needed' '^\? policies +not asked'; do
    grep -qE "$line" "$WORK/said" || { cat "$WORK/said" && fail "explain does not say: $line"; }
done
ok "each check is there"

platform rtmr1
refused "another kernel is refused at its identity" 3 'X identity +failed.* rtmr1 +found +[0-9a-f]{96} +expected +[0-9a-f]{96}' \
    teereg explain --measurements "$WORK/rtmr1.json"
grep -q 'not reached' "$WORK/said" || fail "what comes after"
mended
says "then it would be released to" 'identity +passed' teereg explain --measurements "$WORK/rtmr1.json"

teereg gov pause --contract "$TEEREG_APP" >"$WORK/log/pause"
refused "a pause is named" 3 'X application-contract +failed: application: paused.*teereg gov unpause --contract' \
    teereg explain --measurements "$WORK/orders.json"
mended
teereg gov revoke --application "$TEEREG_APP" --contract "$TEEREG_KMS" >"$WORK/log/revoke"
refused "an application that was taken back" 3 'X application +failed: application: revoked' \
    teereg explain --measurements "$WORK/orders.json"
mended
teereg gov operator-required yes --contract "$TEEREG_APP" >"$WORK/log/required"
refused "an operator is missing" 3 'X operator +failed' teereg explain --measurements "$WORK/orders.json"
OTHER=0x70997970c51812dc3a010c7d01b50e0d17dc79c8
refused "an operator who is not allowed" 3 "X operator +failed.*--operator $OTHER" \
    teereg explain --measurements "$WORK/orders.json" --operator $OTHER
mended
says "then the operator passes" '^\+ operator +passed: allowed since' \
    teereg explain --measurements "$WORK/orders.json" --operator $OTHER
teereg gov operator-required no --contract "$TEEREG_APP" >"$WORK/log/required"

ZEROS=$(printf "00%.0s" {1..64})
# With evidence: the quote is judged, and policies are too.
run teereg-sim quote --platform orders --measurements "$WORK/orders.json" --report-data "$ZEROS" --out "$WORK/quote.bin"
says "a quote is judged too" '^\+ evidence +passed' teereg explain --evidence "$WORK/quote.bin"
run teereg-sim quote --platform orders --measurements "$WORK/orders.json" --report-data "$ZEROS" --fault quote-sig \
    --out "$WORK/bad.bin"
refused "a quote that nobody signed is the first failure" 3 'X evidence +failed' \
    teereg explain --evidence "$WORK/bad.bin"
grep -qE 'chain +not reached' "$WORK/said" || fail "nothing else is decided"
echo '{"min_evaluation_number": 4000000000}' >"$WORK/strict.json"
teereg gov policy set --contract "$TEEREG_APP" --id 5 --file "$WORK/strict.json" >"$WORK/log/policy"
identity=$(teereg explain --measurements "$WORK/orders.json" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["identity"])')
teereg gov allow --contract "$TEEREG_APP" --identity "$identity" --policy-id 5 >"$WORK/log/policy"
refused "a policy of the contract is named" 3 'X policies +failed: policy 5 of the identity' \
    teereg explain --evidence "$WORK/quote.bin"
if releases_to orders; then fail "the KMS released what explain refuses"; fi
ok "and the KMS refuses as well"
teereg gov allow --contract "$TEEREG_APP" --identity "$identity" >"$WORK/log/policy"
says "without it all is well" '^\+ policies +passed' teereg explain --evidence "$WORK/quote.bin"
releases_to orders || fail "the KMS refused what explain would release: $(cat "$WORK/log/provision")"
ok "and the KMS releases"

# ---- the same, told by the KMS to whom it concerns ----
why() { teereg instance why --attester "${PLATFORM[$1]}" --json; }
why orders >"$WORK/why.json" || fail "the KMS does not explain"
grep -q '"decision": "released"' "$WORK/why.json" || fail "$(cat "$WORK/why.json")"
before=$(releases)
ok "the KMS says that it would release"
platform rtmr2
mv "$WORK/rtmr2.json" "$WORK/stranger.json"
system_platform stranger orders
refused "and to a stranger in what it differs" 3 '"first_failed": "identity".*"field": "rtmr2"' why stranger
[ "$(releases)" = "$before" ] || fail "explaining was put on record as a release"
ok "nothing is released by it"
curl -sk -X POST -H 'Content-Type: application/json' -d '{"challenge":"'"$TEMPLATE"'","key":"","evidence":{}}' \
    "$TEEREG_KMS_URL/api/v2/explain/${TEEREG_APP#0x}" >"$WORK/said"
grep -q 'the request is malformed' "$WORK/said" && ! grep -qE 'identity|allowed|key has' "$WORK/said" ||
    fail "told to nobody: $(cat "$WORK/said")"
ok "who proves nothing is told nothing"
finish
