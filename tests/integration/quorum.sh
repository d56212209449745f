#!/bin/bash
# SR-12, SR-13, SR-16, SR-71: a KMS and an instance that read the chain through three nodes of which two must
# agree: a release; nodes that lie; what denies (a revocation, a stricter policy) and counts before it is
# final; a history that too few confirm.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_chain
nodes=()
nodes_that_may_lie "$TEEREG_RPC" a b c
for name in a b c; do nodes+=(--rpc "${NODE[$name]}"); done
# shellcheck disable=SC2034  # of system_steps.sh
KMS_SECURITY=("${nodes[@]}" --quorum 2)
KMS_MORE+=(--chain-state "$WORK/chain.json" --policies "$WORK/policies")
mkdir "$WORK/policies"
echo '{"min_evaluation_number": 4000000000}' >"$WORK/policies/strict.json"
system_platform kms teereg-kms
system_platform orders orders
system_contracts
system_kms_allow
system_kms_start
status() { teereg kms status --admin "$WORK/kms.sock" --json; }
is_ready() { status | grep -q '"ready": true'; }
system_kms_commit
eventually "the KMS sees its root committed" 20 is_ready
system_app
instance=(teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/instance-orders"
    "${nodes[@]}" --quorum 2)

eventually "an instance is served, both read by a quorum" 20 "${instance[@]}"
says "the KMS says how it reads" '"chain_view": "quorum"' status

for way in value fork silent header chain; do
    they "$way" c
    eventually "one node that lies ($way) stops nobody" 20 "${instance[@]}"
    they honest c
done
grep -q '"endpoint"' "$WORK/chain.json" || fail "no evidence of lies in: $(cat "$WORK/chain.json")"
ok "its lies are kept as evidence"
curl -sS --unix-socket "$WORK/kms.sock" http://kms/metrics >"$WORK/metrics"
for metric in lag_seconds cache_age_seconds proof_seconds endpoint_up endpoint_lies_total; do
    grep -q "^teereg_chain_$metric" "$WORK/metrics" || fail "no metric teereg_chain_$metric"
done
ok "lag, endpoints, proofs and the cache's age are measured"

# ---- blocks come seldom now: what is written is not final for a while ----

curl -sS -H 'Content-Type: application/json' -o "$WORK/said" "$TEEREG_RPC" \
    -d '{"jsonrpc":"2.0","id":1,"method":"evm_setIntervalMining","params":[6]}'
identity=$(OUT=$("${instance[@]}") && field identity)
is_refused() { ! "${instance[@]}" 2>"$WORK/refusal"; }
# before_final WHAT COMMAND...: it counts, and is not final by then.
before_final() {
    local block finalized
    TEEREG_FINAL=0 run "${@:2}"
    block=$(field block)
    eventually "$1 counts" 10 is_refused
    finalized=$(status | sed -nE 's/.*"finalized_block": ([0-9]+).*/\1/p')
    [ "$finalized" -lt "$block" ] || fail "it was final already: block $block, final is $finalized"
    ok "it was not final when it counted"
}
before_final "a stricter policy" \
    teereg gov policy set --contract "$TEEREG_APP" --file "$WORK/policies/strict.json" --hash-only
logged "the KMS says so" kms 'not final yet.*policy 0 of the identity: EVALUATION_NUMBER'
run teereg gov policy clear --contract "$TEEREG_APP"
eventually "taken away, it demands nothing when that is final" 30 "${instance[@]}"
before_final "a revocation" teereg gov revoke --contract "$TEEREG_APP" --identity "$identity"
logged "the KMS says so" kms 'not final yet.*identity: revoked'
principal=$(status | sed -nE 's/.*"principal": "([0-9a-f]+)".*/\1/p')
before_final "a KMS revoked" teereg gov revoke --contract "$TEEREG_KMS" --identity "$principal"
grep -q 'not final yet: this KMS' "$WORK/refusal" || fail "the instance says: $(cat "$WORK/refusal")"
ok "the instance sees it for itself"

# ---- two that rewrite what was final ----

they fork a b
eventually "a history that too few confirm stops the KMS" 20 \
    bash -c 'teereg kms status --admin "$0" --json | grep -q "was final, and 2 of 3"' "$WORK/kms.sock"
finish
