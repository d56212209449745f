#!/bin/bash
# Evidence judged onchain, from the command line: the verifiers are deployed, what Intel signed is posted, a key
# of Azure's service is admitted, and a real quote (and a token with a vTPM's quote) proposes the identity that
# is computed here; what was tampered with is refused with the verifier's own word.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
cast() { "$ROOT/contracts/cast" "$@"; }
rpc() { cast rpc --rpc-url "$TEEREG_RPC" "$@" >"$WORK/log/cast" 2>&1 || fail "$*: $(cat "$WORK/log/cast")"; }
VECTORS=$ROOT/tests/vectors
QUOTE=$VECTORS/dcap/quotes/tdx_v4_b0c06f_phala.bin
BUNDLE=$VECTORS/dcap/collateral/phala_b0c06f_2025-06.json
ME=0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266

# The chain is as old as the vectors are; what it says is asked by cast, as our readers believe no such chain.
start chain "$ROOT/contracts/anvil" --port 0 --chain-id 31337 --slots-in-an-epoch 1 --no-cors --hardfork osaka \
    --timestamp 1750800000
TEEREG_RPC=http://$(wait_line chain '^Listening on ' | sed 's/^Listening on //')
TEEREG_KEY_FILE=$WORK/owner.key
export TEEREG_RPC TEEREG_KEY_FILE TEEREG_CHAIN_ID=31337 TEEREG_JOURNAL=$WORK/journal
(umask 077 && echo ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80 >"$TEEREG_KEY_FILE" &&
    echo 59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d >"$WORK/other.key")
run teereg gov deploy app
APP=$(field contract)
ON=(--contract "$APP")

# ---- a TDX quote ----
run teereg gov verifier deploy collateral
COLLATERAL=$(field contract)
run teereg gov verifier deploy tdx --collateral "$COLLATERAL"
VERIFIER=$(field contract)
[ "$(cast call --rpc-url "$TEEREG_RPC" "$VERIFIER" 'STATUSES()(uint16)')" = 2 ] || fail "other statuses than UpToDate"
run teereg gov allow --verifier "$VERIFIER" "${ON[@]}"
propose() { teereg gov propose verified "${ON[@]}" --verifier "$VERIFIER" --evidence "$@"; }
refused "without collateral nothing is judged" 3 'Missing\(' propose "$QUOTE"

POST=(teereg gov collateral post --contract "$COLLATERAL" --for "$QUOTE" --bundle "$BUNDLE")
refused "a part that does not exist is the caller's mistake" 2 'expected root-crl' "${POST[@]}" --part crl
says "a transaction can be signed elsewhere" 'unsigned' "${POST[@]}" --part root-crl --offline --from $ME --json
teereg gov sign "$WORK/said" --json >"$WORK/signed.json"
says "anybody may send it" 'postRootCrl' teereg gov send "$WORK/signed.json"
says "anybody may post what Intel signed, and what is there already is left out" 'root-crl +as new as it is' \
    "${POST[@]}" --key-file "$WORK/other.key"
for line in 'pck-ca platform +posted in 0x' 'pck-crl platform +posted' 'tcb-info b0c06f000000 +posted' \
    'qe-identity +posted'; do
    grep -qE "$line" "$WORK/said" || { cat "$WORK/said" && fail "it does not say: $line"; }
done
says "a second time nothing is sent" 'tcb-info b0c06f000000 +as new as it is' "${POST[@]}"
! grep -q transaction "$WORK/said" || fail "a transaction: $(cat "$WORK/said")"
sed 's/\\"UpToDate\\"/\\"OutOfDate\\"/' "$BUNDLE" >"$WORK/forged.json"
refused "what Intel did not sign is not even sent" 5 'TCB info' \
    teereg gov collateral post --contract "$COLLATERAL" --for "$QUOTE" --bundle "$WORK/forged.json"

run teereg evidence identity "$QUOTE" --contract "$APP"
IDENTITY=$(field identity)
# What the list says: the policy word's state (1 is allowed).
state() { cast call --rpc-url "$TEEREG_RPC" "$APP" 'IdentityAllowed(bytes32,address)(bool)' "0x$1" $ME; }
[ "$(state "$IDENTITY")" = false ] || fail "it is allowed already"
refused "another report data than the quote's is refused" 3 'BadReportData\(\)' \
    propose "$QUOTE" --report-data "$(printf '0%.0s' {1..128})"
refused "a quote for a verifier of another kind is told apart" 1 'a verifier of kind azure does not take' \
    propose "$QUOTE" --verifier-kind azure
# One bit of RTMR2, which the attestation key has signed.
python3 - "$QUOTE" "$WORK/tampered.bin" <<'END'
import sys
q = bytearray(open(sys.argv[1], "rb").read())
q[48 + 328 + 96] ^= 1
open(sys.argv[2], "wb").write(q)
END
refused "a tampered quote is refused with the verifier's reason" 3 'reverted: BadQuoteSignature\(\)' \
    propose "$WORK/tampered.bin"
says "a real quote proposes" 'transaction +0x' propose "$QUOTE"
[ "$(state "$IDENTITY")" = true ] || fail "the identity $IDENTITY is not on the list"
ok "the identity that is computed here, which without a delay is allowed"
cast logs --rpc-url "$TEEREG_RPC" --from-block 0 --to-block latest --address "$APP" \
    'IdentityMeasured(bytes32,uint8,bytes)' --json >"$WORK/events.json"
grep -q "$IDENTITY" "$WORK/events.json" || fail "no event of $IDENTITY"
ok "its registers are told in the event"
says "the form that the verifier takes is written to a file" 'report_data +[0-9a-f]{128}' \
    teereg evidence onchain "$QUOTE" --out "$WORK/evidence.bin"
[ "$(stat -c %s "$WORK/evidence.bin")" -lt "$(stat -c %s "$QUOTE")" ] || fail "it is no smaller than the quote"
says "and sent as it is" 'transaction +0x' propose "$WORK/evidence.bin" --verifier-kind raw \
    --report-data "$(sed -nE 's/^report_data +//p' "$WORK/said")" --not-after 2030-01-01T00:00:00Z
refused "what is no quote is not taken for one" 1 'verifier-kind raw' propose "$WORK/evidence.bin"
says "a verifier of Automata's takes the quote whole" 'verifier_kind +automata' \
    teereg evidence onchain "$QUOTE" --verifier-kind automata --out "$WORK/whole.bin"
head -c "$(stat -c %s "$WORK/whole.bin")" "$QUOTE" | cmp - "$WORK/whole.bin" || fail "another quote"
says "an adapter for Automata's is deployed" 'kind +automata' \
    teereg gov verifier deploy automata --verifier "$COLLATERAL"

# ---- what a machine attests before it registers ----
PURPOSE=$(printf '77%.0s' {1..32})
block=$(cast block-number --rpc-url "$TEEREG_RPC")
refused "attesting takes a quote over its own purpose" 3 'BadReportData\(\)' teereg gov attest "${ON[@]}" \
    --verifier "$VERIFIER" --evidence "$QUOTE" --purpose "$PURPOSE" --block $((block - 1))

# ---- a token and a vTPM's quote ----
python3 - "$VECTORS/maa-onchain/vectors.json" "$WORK" <<'END'
import base64, json, sys
v, work = json.load(open(sys.argv[1])), sys.argv[2]
hex_ = lambda text: bytes.fromhex(text[2:])
lp = lambda b: len(b).to_bytes(4, "big") + b
url = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
good = v["good"][0]
parts = (b"\0\1" + lp(b"quote") + lp(b"report") + lp(hex_(good["quote"])) + lp(hex_(good["signature"])) +
         hex_(good["pcrs"]) + lp(b""))
open(work + "/azure.bin", "wb").write(parts)
open(work + "/azure.json", "w").write(json.dumps(
    {"type": "azure-vtpm", "quote": base64.b64encode(parts).decode(), "payload": ""}))
open(work + "/token.jwt", "w").write(good["token"] + "\n")
open(work + "/keys.json", "w").write(json.dumps({"keys": [
    {"kid": v["kid"], "kty": "RSA", "n": url(hex_(v["modulus"])), "e": "AQAB"}]}))
policy = base64.urlsafe_b64decode(v["policy"] + "=").hex()
open(work + "/azure.sh", "w").write(
    f"NOW={v['now']} KID={v['kid']} ISSUER={v['issuer']} POLICY={policy} REPORT={v['report_data'][2:]}\n")
END
# shellcheck disable=SC1091  # just made
. "$WORK/azure.sh"
rpc evm_setNextBlockTimestamp $((NOW - 10))
rpc evm_mine
run teereg gov verifier deploy azure --key-delay 0
AZURE=$(field contract)
run teereg gov allow --verifier "$AZURE" "${ON[@]}"
run teereg gov rules set "${ON[@]}" --pcr-mask 17
azure() {
    teereg gov propose verified "${ON[@]}" --verifier "$AZURE" --report-data "$REPORT" --evidence "$@"
}
refused "a token whose key nobody admitted is refused" 3 'UnknownKey\(\)' azure "$WORK/azure.bin" \
    --token "$WORK/token.jwt"
KEY=(teereg gov maa-key add "$KID" --contract "$AZURE" --jwks "$WORK/keys.json" --policy-hash "$POLICY"
    --until "$(date -u -d "@$((NOW + 86400))" +%Y-%m-%dT%H:%M:%SZ)")
refused "a key is some issuer's" 2 '--issuer URL is needed' "${KEY[@]}"
refused "keys are the owner's to admit" 3 "only the contract's owner" "${KEY[@]}" --issuer "$ISSUER" \
    --key-file "$WORK/other.key"
says "the owner does" 'transaction +0x' "${KEY[@]}" --issuer "$ISSUER"
rpc evm_setNextBlockTimestamp "$NOW"
rpc evm_mine
refused "evidence of Azure needs its token" 2 '--token FILE is needed' azure "$WORK/azure.bin"
sed 's/^\(.\{2000\}\)./\1A/' "$WORK/token.jwt" >"$WORK/other.jwt"
refused "a tampered token is refused with the verifier's reason" 3 'reverted: Bad(TokenSignature|Json)' azure \
    "$WORK/azure.bin" --token "$WORK/other.jwt"
says "token and vTPM quote propose" 'transaction +0x' azure "$WORK/azure.json" --token "$WORK/token.jwt"
cast logs --rpc-url "$TEEREG_RPC" --from-block 0 --to-block latest --address "$APP" \
    'IdentityMeasured(bytes32,uint8,bytes)' --json >"$WORK/events.json"
[ "$(grep -o '"transactionHash"' "$WORK/events.json" | wc -l)" = 3 ] || fail "found $(cat "$WORK/events.json")"
ok "the machine's registers are told in the event"
says "a key is taken away at once" 'transaction +0x' teereg gov maa-key remove "$KID" --contract "$AZURE"
refused "and then signs nothing more" 3 'UnknownKey\(\)' azure "$WORK/azure.bin" --token "$WORK/token.jwt" \
    --not-after 2031-01-01T00:00:00Z
finish
