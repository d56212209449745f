#!/bin/bash
# A token about a TDX machine of Azure: a real TPM 2.0 (in software) behind our own paravisor, the simulated
# attestation service, right and then wrong in each way; and the token judged by one who was not there.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/azure_lib.sh
. "$(dirname "$0")/azure_lib.sh"
system_begin

zero48=$(printf '0%.0s' {1..96})
run teereg-sim measurements --image paravisor --change "rtmr0=$zero48" --change "rtmr1=$zero48" \
    --change "rtmr2=$zero48" --out "$WORK/azure.json"
system_platform azure paravisor
azure_machine azure paravisor
run teereg-sim collateral --tee sgx --out "$WORK/sgx.json"
run teereg-sim root --out "$WORK/root.pem"
issuer=https://simulated.attest.invalid
proof=(--enclave-proof --collateral "$WORK/sgx.json")

# service [FAULT]: the attestation service, at $maa.
service() {
    stop maa
    start maa teereg-sim maa --listen 127.0.0.1:0 --issuer "$issuer" --fault "${1:-none}"
    maa=$(wait_line maa ' at http://' | sed -E 's/.* at (http[^ ]*[0-9]):.*/\1/')
}
# token OPTION...: of this machine as it is
token() {
    teereg evidence maa-token --endpoint "$maa" --issuer "$issuer" --tpm "${AZURE_TPM[azure]}" --imds "${AZURE_IMDS[azure]}" \
        "${proof[@]}" "$@"
}
# verify FILE OPTION...
verify() {
    teereg evidence verify --type azure-maa --file "$1" --jwks "$WORK/keys.json" --issuer "$issuer" --json "${@:2}"
}

service
curl -sf "$maa/.well-known/openid-configuration" >"$WORK/openid"
grep -q "\"issuer\":\"$issuer\"" "$WORK/openid" || fail "the service does not name itself"
ok "the service says who it is"

# ---- keys ----

says "keys that an enclave proves are pinned" 'ok +true|"ok":true' \
    teereg evidence maa-keys --endpoint "$maa" --issuer "$issuer" "${proof[@]}" --out "$WORK/keys.json"
says "the root that was given proves them as well" '"ok":true' \
    teereg evidence maa-keys --endpoint "$maa" --issuer "$issuer" "${proof[@]}" --root "$WORK/root.pem"
says "and it is told what a key is believed for" '"by":"enclave"' \
    teereg evidence maa-keys --endpoint "$maa" --issuer "$issuer" "${proof[@]}" --root "$WORK/root.pem"
refused "keys over plain http prove nothing" 5 'MAA_KEY:.*plain http.*none of the keys' \
    teereg evidence maa-keys --endpoint "$maa" --issuer "$issuer" --out "$WORK/none.json"
[ ! -e "$WORK/none.json" ] || fail "keys that were not believed were written"
refused "another instance's keys are not this one's" 5 'JWS_KEY:.*names https://simulated' \
    teereg evidence maa-keys --endpoint "$maa" --issuer https://other.invalid "${proof[@]}"
python3 - "$WORK/keys.json" "$WORK/changed.json" <<'PY'
import base64, json, sys
keys = json.load(open(sys.argv[1]))
key = keys["keys"][0]
del key["x5c"]
key.update(e="AQAB", n=base64.urlsafe_b64encode(b"\xc3" + bytes(254) + b"\x01").rstrip(b"=").decode())
json.dump(keys, open(sys.argv[2], "w"))
PY
refused "a pinned name does not get another key" 5 'is not replaced.*name of a pinned one' \
    teereg evidence maa-keys --endpoint "$maa" --issuer "$issuer" "${proof[@]}" --out "$WORK/changed.json"

# ---- a token ----

says "a token about this machine is obtained" "^issuer +$issuer" \
    token --nonce n-1 --out "$WORK/token.jwt" --runtime-out "$WORK/runtime.json"
says "who was not there accepts it, by the pinned keys" '"verdict": ?"accept"' \
    verify "$WORK/token.jwt" --nonce n-1 --runtime-data "$WORK/runtime.json"
says "and by the enclave's proof under the simulation's root" '"verdict": ?"accept"' \
    verify "$WORK/token.jwt" --nonce n-1 --runtime-data "$WORK/runtime.json" "${proof[@]}" --root "$WORK/root.pem"
refused "not for another nonce" 3 'MAA_BINDING' verify "$WORK/token.jwt" --nonce n-2
user_data=$(printf n-1 | sha256sum | cut -d' ' -f1)$(printf '0%.0s' {1..64})
grep -qi "\"user-data\": *\"$user_data\"" "$WORK/runtime.json" || fail "the nonce is not in the runtime data"
ok "the nonce's hash is the paravisor's user data, and so under the quote"
token --json >"$WORK/first" && token --json >"$WORK/second"
[ "$(grep '"nonce"' "$WORK/first")" != "$(grep '"nonce"' "$WORK/second")" ] || fail "one nonce twice"
grep -qE '"token": ?"ey' "$WORK/first" || fail "no token printed"
ok "without --nonce each token has one of its own"
says "pinned keys need no proof" "^issuer +$issuer" \
    teereg evidence maa-token --endpoint "$maa" --issuer "$issuer" --jwks "$WORK/keys.json" \
    --tpm "${AZURE_TPM[azure]}" --imds "${AZURE_IMDS[azure]}"

# ---- evidence that is there already ----

"$BUILD/tests/integration/azure_quote" "${AZURE_TPM[azure]}" "${AZURE_IMDS[azure]}" - "$(printf 'a5%.0s' {1..64})" \
    "$WORK/evidence" >/dev/null
stop swtpm-azure
stop azure-azure
# of_file OPTION...: a token about it
of_file() {
    teereg evidence maa-token --endpoint "$maa" --issuer "$issuer" --file "$WORK/evidence" "${proof[@]}" \
        --out "$WORK/of-file.jwt" "$@"
}
says "evidence in a file serves as well" "^issuer +$issuer" of_file
[ -s "$WORK/of-file.jwt" ] || fail "no token was written"
rm "$WORK/of-file.jwt"
run python3 "$ROOT/tests/integration/azure_parts.py" "$WORK/evidence" "$WORK"
python3 -c 'import struct, sys; h = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(h[1236:1236 + struct.unpack("<I", h[1232:1236])[0]])' "$WORK/hcl" "$WORK/variable"
says "and so do a quote and what it is over" "^issuer +$issuer" \
    teereg evidence maa-token --endpoint "$maa" --issuer "$issuer" --file "$WORK/quote" \
    --runtime-data "$WORK/variable" "${proof[@]}"
refused "a quote over something else is not sent" 5 'HCL_BINDING' \
    teereg evidence maa-token --endpoint "$maa" --issuer "$issuer" --file "$WORK/quote" \
    --runtime-data "$WORK/runtime.json" "${proof[@]}"
refused "an older version of the service's API is told" 4 'status 404.*API version 2020-10-01' \
    of_file --api-version 2020-10-01
refused "the instance's name is needed" 5 'MAA_ISSUER' \
    teereg evidence maa-token --endpoint "$maa" --file "$WORK/evidence" "${proof[@]}"
refused "this machine without a vTPM says what would help" 1 'this machine \(--file FILE' \
    token
refused "an address with a path is wrong usage" 2 'expected https://HOST' \
    teereg evidence maa-token --endpoint "$maa/attest" --file "$WORK/evidence"
refused "collateral without a proof to judge is wrong usage" 2 'with --enclave-proof' \
    teereg evidence maa-token --endpoint "$maa" --file "$WORK/evidence" --collateral "$WORK/sgx.json"

# ---- a service that is wrong in one way ----

# fault NAME EXIT_CODE REGEX [SECONDS]: refused by that name, and nothing is written.
fault() {
    service "$1"
    refused "$1 is refused" "$2" "$3" of_file --seconds "${4:-30}"
    [ ! -e "$WORK/of-file.jwt" ] || fail "$1: a token was written"
}
fault alg-none 5 JWS_ALG
fault alg-hs256 5 JWS_ALG
fault unsigned 1 JWS_FORM
fault sig 5 JWS_SIG
fault kid 5 JWS_KEY
fault expired 5 MAA_TIME
fault future 5 MAA_TIME
fault lifetime 5 MAA_TIME
fault issuer 5 MAA_ISSUER
fault nonce 5 MAA_BINDING
fault no-nonce 5 MAA_BINDING
fault debug 3 MAA_DEBUG
fault compliance 3 MAA_COMPLIANCE
fault status 3 MAA_TCB_STATUS
fault type 3 MAA_TYPE
fault mrtd 5 'MAA_BINDING.*tdx_mrtd'
fault runtime 5 'MAA_BINDING.*runtime data'
fault ak 5 'MAA_BINDING.*HCLAkPub'
fault unquoted-key 5 MAA_KEY
fault key-header 5 MAA_KEY
fault key-length 5 MAA_KEY
fault key-sig 5 MAA_KEY
fault key-other 5 REPORT_DATA
fault key-tail 5 REPORT_DATA
fault key-kid 5 MAA_KEY
fault key-debug 5 MAA_KEY
fault key-signer 5 MAA_KEY
fault key-product 5 MAA_KEY
fault key-svn 5 MAA_KEY
fault key-root-unknown 5 PCK_CHAIN
fault key-issuer 5 MAA_ISSUER
fault huge 1 'more than'
fault silent 6 'no answer in time' 2
fault busy 6 'status 429'
fault refuses 3 'status 400 \(PolicyEvaluationError: the policy\?\[31m says no\)'
fault redirects 6 'redirects are not followed'
fault no-json 6 token
fault no-token 6 token
missing=$(teereg-sim faults | sed -n 's/^maa //p' | grep -vxE 'none|ahead|busy-once' | while read -r name; do
    grep -qE "^fault $name " "$0" || echo "$name"
done)
[ -z "$missing" ] || fail "faults that nobody tried: $missing"
ok "every fault of the service was tried"
service busy-once
says "a service that was busy once is asked again" "^issuer +$issuer" of_file --seconds 20
service ahead
says "a clock that is a little behind the service's is no fault" "^issuer +$issuer" of_file
finish
