#!/bin/bash
# SR-03: a contract's attestation policy judges the evidence of a release besides the configured one, by a
# body that comes from the contract's artifacts or from a folder of the KMS.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mkdir "$WORK/collateral" "$WORK/policies"
teereg-sim collateral --evaluation 17 --out "$WORK/collateral/simulated.json"
KMS_MORE+=(--policies "$WORK/policies")
for n in 16 17 18; do echo "{\"min_evaluation_number\": $n}" >"$WORK/wants-$n.json"; done
cp "$WORK/wants-16.json" "$WORK/policies/anything.json"
system_all
instance=(teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/instance-orders")
is_refused() { ! "${instance[@]}"; }
set_policy() { run teereg gov policy set --contract "$TEEREG_APP" --id "$1" --file "$WORK/wants-$2.json" "${@:3}"; }

provision orders
identity=$(field identity)
ok "before: the instance is served"

set_policy 0 18
eventually "a default policy that the collateral is too old for refuses" 5 is_refused
logged "the KMS says whose policy and why" kms \
    'policy 0 of the identity: EVALUATION_NUMBER: .*17.*18'
probe plain
grep -q '^plain: refused: KMS' "$WORK/probe" || fail "the KMS itself did not refuse: $(cat "$WORK/probe")"
logged "for that reason" kms 'policy-refused'
set_policy 0 17
eventually "one that it is new enough for releases" 5 "${instance[@]}"

run teereg gov policy clear --contract "$TEEREG_APP"
run teereg gov allow --contract "$TEEREG_APP" --identity "$identity" --policy-id 7
eventually "a number without a policy refuses" 5 is_refused
logged "and is named" kms 'allowed under policy 7, which the contract does not have'
set_policy 7 16 --hash-only
eventually "a body in the KMS's folder alone is found by its hash" 5 "${instance[@]}"
set_policy 7 18 --hash-only
says "the hash is the one that is printed for the file" "policy_hash +$(field policy_hash)\$" \
    teereg evidence policy-hash "$WORK/wants-18.json"
eventually "it refuses by what was published before" 5 is_refused
echo '{"min_evaluation_number": 15}' >"$WORK/wants-15.json"
set_policy 7 15 --hash-only
eventually "a hash whose body is nowhere refuses" 5 is_refused
logged "and is named" kms 'policy 7 of the identity: its body is neither'
logged "with its own reason" kms 'policy-unknown'
set_policy 7 15
eventually "until it is published" 5 "${instance[@]}"

run teereg gov policy set --contract "$TEEREG_KMS" --file "$WORK/wants-18.json"
eventually "the KMS contract's policy for its applications refuses too" 5 is_refused
logged "and is named" kms 'policy 0 of the application: EVALUATION_NUMBER'
run teereg gov policy clear --contract "$TEEREG_KMS"
eventually "taken away, it demands nothing" 5 "${instance[@]}"
finish
