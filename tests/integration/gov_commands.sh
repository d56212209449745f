#!/bin/bash
# Every command of `teereg gov` that writes, what `show` and `history` say after, and a contract as a file:
# export, diff, apply.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
cast() { "$ROOT/contracts/cast" "$@"; }
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2], {"d": d}))' "$@"; }
CHAIN_OPTIONS=(--preserve-historical-states)
system_chain
ME=0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
OTHER=0x70997970c51812dc3a010c7d01b50e0d17dc79c8
THIRD=0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc
(umask 077 && echo 59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d >"$WORK/other.key"
    echo 5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a >"$WORK/third.key")
export TEEREG_FINAL=0
run teereg gov deploy kms
KMS=$(field contract)
run teereg gov deploy app
APP=$(field contract)
ON=(--contract "$APP")
ID=$(printf '11%.0s' {1..32}) TEMPLATE=$(printf '22%.0s' {1..32}) MRTD=$(printf '33%.0s' {1..48})
gov() { run teereg gov "$@"; }

gov role grant curator $OTHER "${ON[@]}"
gov role grant guardian $THIRD "${ON[@]}"
gov role grant metadata $OTHER "${ON[@]}"
gov role revoke metadata $OTHER "${ON[@]}"
gov role renounce curator $OTHER "${ON[@]}" --key-file "$WORK/other.key"
gov role grant curator $OTHER "${ON[@]}"
# Who guards takes a curator away, which `role revoke` leaves to the owner.
refused "role revoke is the owner's" 3 "only the contract's owner" teereg gov role revoke curator $OTHER \
    "${ON[@]}" --key-file "$WORK/third.key"
gov revoke --curator $OTHER "${ON[@]}" --key-file "$WORK/third.key"
gov allow --curator $OTHER "${ON[@]}"
gov allow --operator $OTHER "${ON[@]}" --not-after 2040-01-01T00:00:00Z
gov operator-required yes "${ON[@]}"
gov domain add a.example.org:443 "${ON[@]}" --key-file "$WORK/other.key"
gov domain add b.example.org "${ON[@]}" --key-file "$WORK/other.key"
gov domain remove b.example.org "${ON[@]}"
gov set-config --app "$APP" --identity "$ID" --template "$TEMPLATE"
gov backend add "onchain://$APP" --app "$APP"
echo '{}' >"$WORK/policy.json"
gov policy set "${ON[@]}" --id 3 --file "$WORK/policy.json"
echo ca >"$WORK/ca" && echo key >"$WORK/key" && echo quote >"$WORK/quote"
gov pki set "${ON[@]}" --ca "$WORK/ca" --pubkey "$WORK/key"
gov pki set "${ON[@]}" --ca "$WORK/ca" --pubkey "$WORK/key" --attestation "$WORK/quote"
gov artifact put "$WORK/policy.json" --app "$APP"
artifact=$(field id)
gov rules set "${ON[@]}" --rtmr3
gov epoch raise "${ON[@]}"
gov predecessor set $THIRD "${ON[@]}"
ok "roles, names, configurations, policies, PKI, rules and lineage are written"

# From now on grants wait.
gov delay set 9 "${ON[@]}"
gov operator-required no "${ON[@]}"
gov settings cancel "${ON[@]}"
gov operator-required no "${ON[@]}"
gov pki set "${ON[@]}" --ca "$WORK/key" --pubkey "$WORK/ca"
gov pki cancel "${ON[@]}"
gov pki set "${ON[@]}" --ca "$WORK/key" --pubkey "$WORK/ca"
gov successor set $THIRD "${ON[@]}"
gov successor cancel "${ON[@]}"
gov owner transfer $OTHER "${ON[@]}"
refused "settings that wait are not applied early" 3 'TooEarly' teereg gov settings apply "${ON[@]}"
refused "nor is a PKI" 3 'TooEarly' teereg gov pki apply "${ON[@]}"
gov pause "${ON[@]}" --final
says "show: who owns it" "^owner +$ME" teereg gov show app --app "$APP"
for line in "pending_owner +$OTHER" 'paused +true' '  from +20' "curator +.*${OTHER#0x}" "guardian +.*${THIRD#0x}" \
    "metadata +\[\]" "  $OTHER +active, .*not_after 2040-01-01T00:00:00Z" "  $ID +active, .*template $TEMPLATE" \
    '  3 +hash [0-9a-f]{64}' 'pending_pki_from +20' 'backends +\["onchain://0x[0-9a-f]{40}"\]' \
    '  a.example.org:443 +alive, until 20.*' '^demands +none' 'rtmr3_counts +true' 'epoch +1' "predecessor +$THIRD"; do
    grep -qE -- "$line" "$WORK/said" || { cat "$WORK/said" && fail "show does not say: $line"; }
done
ok "show says all of it on one screen"
sleep 9

gov settings apply "${ON[@]}"
gov pki apply "${ON[@]}"
gov unpause "${ON[@]}" --final
says "an unpause waits" '  paused +false' teereg gov show app --app "$APP"
says "an artifact comes back" "id +$artifact" teereg gov artifact get "$artifact" "${ON[@]}" --out "$WORK/got"
cmp "$WORK/got" "$WORK/policy.json" || fail "another artifact"

# ---- the KMS contract ----
gov app allow --kms "$KMS" --app "$APP"
gov freeze --application "$APP" --contract "$KMS"
gov allow --firmware "$MRTD" --contract "$KMS"
gov allow --paravisor "$MRTD" --contract "$KMS"
gov revoke --paravisor "$MRTD" --contract "$KMS"
gov allow --identity "$ID" --contract "$KMS"
gov onboard request --contract "$KMS" --pubkey "$WORK/key" --attestation "$WORK/quote" --nonce 7
request=$(field request)
[ "$request" = "$(cast call --rpc-url "$TEEREG_RPC" "$KMS" \
    'HashOnboardRequest((bytes,int256,address,bytes))(bytes32)' \
    "(0x$(hex_of "$WORK/key"),7,$ME,0x$(hex_of "$WORK/quote"))" | cut -c3-)" ] || fail "another request id"
gov onboard close "$request" --contract "$KMS" --final
says "a KMS contract on one screen" "  $APP +frozen" teereg gov show kms --kms "$KMS"
for line in "  $ID +active" "  $request +closed" '^paravisors$'; do
    grep -qE -- "$line" "$WORK/said" || { cat "$WORK/said" && fail "show kms does not say: $line"; }
done
ok "show kms says applications, machines and requests"

# ---- history ----
gov artifact publish "$WORK/policy.json" --app "$APP"
[ "$(field id)" = "$artifact" ] || fail "an artifact by event has another id"
gov demands set onboarding "${ON[@]}"
gov allow --verifier "$OTHER" "${ON[@]}" --final
says "more is demanded at once" '^demands +onboarding' teereg gov show app --app "$APP" --brief
gov demands set names "${ON[@]}" --final
says "less waits, and show says so" '^demands +onboarding' teereg gov show app --app "$APP"
grep -qE '^next_demands +names' "$WORK/said" && grep -qE '^next_demands_from +20' "$WORK/said" || fail "$(cat "$WORK/said")"
says "demands and files as events are in the history" 'DemandsSet +demands onboarding' \
    teereg gov history --contract "$APP"
refused "a demand that does not exist is the caller's mistake" 2 'expected none, onboarding' \
    teereg gov demands set everything "${ON[@]}"
head -c 1000 /dev/zero >"$WORK/no-quote"
refused "a verifier that nobody allowed judges nothing" 3 'NotAllowed' teereg gov propose verified "${ON[@]}" \
    --verifier "$OTHER" --evidence "$WORK/no-quote" --verifier-kind raw --report-data "$(printf '0%.0s' {1..128})"
refused "nor for a machine that shows itself" 3 'NotAllowed|BadTime' teereg gov attest "${ON[@]}" \
    --verifier "$OTHER" --evidence "$WORK/no-quote" --verifier-kind raw --purpose "$artifact" --block 1
run teereg gov attest report-data "${ON[@]}" --purpose "$artifact" --sender $OTHER
[ "$(field report_data)" = "$(cast keccak "$(cast abi-encode 'f(bytes32,uint256,address,address,bytes32,bytes32)' \
    "$(cast keccak teereg/attest/1)" 31337 "$APP" $OTHER "0x$artifact" \
    "$(cast block --rpc-url "$TEEREG_RPC" "$(field block)" --field hash)")" | cut -c3-)$(printf '0%.0s' {1..64})" ] ||
    fail "another report data: $OUT"
ok "what a quote of attest must be over is told"
says "history names what happened" "PolicyChanged  kind application  subject .*  state frozen" \
    teereg gov history --contract "$KMS"
teereg gov history --contract "$APP" --json >"$WORK/history.json"
for name in RoleGranted RoleRevoked PolicyChanged SettingsChanged SettingsProposed SettingsCancelled PKIUpdated \
    PKIProposed PKICancelled InstanceDomainRegistered InstanceDomainRemoved IdentityConfigSet IdentityConfigTimed \
    StorageBackendSet PolicyHashSet ArtifactAdded PredecessorSet SuccessorProposed SuccessorCancelled \
    OwnershipTransferStarted; do
    [ "$(json "$WORK/history.json" "any(x['event'] == '$name' for x in d['events'])")" = True ] ||
        fail "no event $name"
done
[ "$(json "$WORK/history.json" "sum(x['event'] == 'unknown' for x in d['events'])")" = 0 ] || fail "unknown events"
[ "$(json "$WORK/history.json" "len(d['events'])")" = \
    "$(cast logs --rpc-url "$TEEREG_RPC" --from-block 0 --to-block latest --address "$APP" --json |
        python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" ] || fail "not all events"
ok "and leaves out none"

# ---- a contract as a file ----
teereg gov export app --contract "$APP" >"$WORK/app.json"
eventually "what has waited long enough can be applied" 30 bash -c \
    "(teereg gov diff '$WORK/app.json' || true) | grep -q 'do  apply the settings'"
gov settings apply "${ON[@]}" --final
says "what was exported differs in nothing" '^waits|as the file says' teereg gov diff "$WORK/app.json"
gov delay set 7200 "${ON[@]}" --final
python3 - "$WORK" $OTHER $THIRD "$ID" "$TEMPLATE" "$APP" "$KMS" <<'END'
import json, sys
work, other, third, identity, template, app, kms = sys.argv[1:]
d = json.load(open(work + "/app.json"))
d["settings"] = {"paused": True, "delay": 7200}
d["demands"] = "all"
d["roles"] = {"curator": [third], "guardian": [third, other]}
d["operators"] = [{"address": third}, {"address": other, "not_after": "2041-01-01T00:00:00Z", "policy": 3}]
d["identities"] = [{"identity": "44" * 32, "template": template}]
d["policies"] = [{"id": 4, "hash": "55" * 32}]
d["backends"] = ["onchain://" + kms, "onchain://" + app]
d["domains"] = []
d["owner"] = third
json.dump(d, open(work + "/wanted.json", "w"))
END
refused "diff says what differs" 3 'calls lie between' teereg gov diff "$WORK/wanted.json"
for line in 'revoke operator 0xf39f' "revoke identity $ID" "allow identity 44" "give identity 44.* template $TEMPLATE" \
    "allow operator $OTHER under policy 3" 'set policy 4 to 55' 'set policy 3 to none' 'grant role curator' \
    'set demands to all' 'revoke role curator' 'grant role guardian' "remove backend onchain://$APP" 'remove domain a.example.org:443' \
    'set paused to yes' "offer ownership to $THIRD"; do
    grep -qE -- "$line" "$WORK/said" || { cat "$WORK/said" && fail "diff does not say: $line"; }
done
ok "each of it"
before=$(cast nonce --rpc-url "$TEEREG_RPC" $ME)
says "a dry run does nothing" 'do  *revoke|  do  revoke' teereg gov apply "$WORK/wanted.json" --dry-run
[ "$(cast nonce --rpc-url "$TEEREG_RPC" $ME)" = "$before" ] || fail "a dry run sent something"
teereg gov apply "$WORK/wanted.json" --safe-batch "$WORK/batch.json" --from $ME >"$WORK/said"
[ "$(json "$WORK/batch.json" 'len(d["transactions"])')" -gt 10 ] || fail "a small batch"
ok "all of it in one batch of a Safe"
says "apply does it" 'transaction +0x' teereg gov apply "$WORK/wanted.json"
says "and then nothing is left but what waits" '^waits owner' teereg gov diff "$WORK/wanted.json"
before=$(cast nonce --rpc-url "$TEEREG_RPC" $ME)
says "apply again does nothing" 'waits' teereg gov apply "$WORK/wanted.json"
[ "$(cast nonce --rpc-url "$TEEREG_RPC" $ME)" = "$before" ] || fail "it sent something again"
[ "$(cast call --rpc-url "$TEEREG_RPC" "$APP" 'StorageBackends()(string[])')" = \
    "[\"onchain://$KMS\", \"onchain://$APP\"]" ] || fail "the order of backends"
ok "the order of backends is the file's"
sed 's/"chain_id": [0-9]*/"chain_id": 1/' "$WORK/wanted.json" >"$WORK/other.json"
refused "a file about another chain is refused" 1 'about chain 1' teereg gov diff "$WORK/other.json"
gov owner transfer $OTHER "${ON[@]}"
gov owner accept "${ON[@]}" --key-file "$WORK/other.key" --final
says "a new owner" "^owner +$OTHER" teereg gov show app --app "$APP"
refused "the old one may do nothing any more" 3 'owner' teereg gov epoch raise "${ON[@]}"
finish
