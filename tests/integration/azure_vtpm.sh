#!/bin/bash
# Evidence of a TDX machine of Azure: a real TPM 2.0 (in software), a simulated paravisor and metadata service;
# what comes out is checked by openssl and tpm2-tools.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/azure_lib.sh
. "$(dirname "$0")/azure_lib.sh"
azure_need
system_begin
azure_machine one orders
machine=$WORK/azure-one

data=$(printf '5a%.0s' {1..64})
parts=$WORK/parts
mkdir "$parts"
# make [MODE] [INTERMEDIATES]: evidence over $data into $WORK/evidence, and its parts.
make() {
    "$BUILD/tests/integration/azure_quote" "${AZURE_TPM[one]}" "${AZURE_IMDS[one]}${1:+/$1}" "${2:--}" "$data" "$WORK/evidence" &&
        python3 "$ROOT/tests/integration/azure_parts.py" "$WORK/evidence" "$parts"
}
sha() { sha256sum "$@" | cut -d' ' -f1; }

tpm2_pcrextend 8:sha256="$(printf 'c3%.0s' {1..32})"
says "the vTPM is found when nothing else is there" '^azure-vtpm azure-vtpm$' make "" "$machine/ak-intermediate.pem"

run tpm2_readpublic -Q -c 0x81000003 -f pem -o "$WORK/ak.pem"
openssl dgst -sha256 -verify "$WORK/ak.pem" -signature "$parts/signature" "$parts/attest" >/dev/null ||
    fail "openssl does not verify the TPM's signature"
ok "openssl verifies the vTPM's signature over the attestation"
nonce=$(printf '%s' "$data" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' | sha)
run tpm2_print -t TPMS_ATTEST "$parts/attest"
tpm2_print -t TPMS_ATTEST "$parts/attest" >"$WORK/attest.txt"
grep -q "^extraData: $nonce\$" "$WORK/attest.txt" || fail "the nonce is not SHA-256 of the report data"
ok "the vTPM quote's nonce is the SHA-256 of the report data"
grep -qE "^ *pcrDigest: $(sha "$parts/pcrs")\$" "$WORK/attest.txt" || fail "the PCRs are not those of the quote"
grep -qE '^ *pcrSelect: ffffff$' "$WORK/attest.txt" || fail "not exactly 24 PCRs"
ok "it is over all 24 PCRs, whose values go with it"
tpm2_pcrread -Q sha256:all -o "$WORK/pcrs" 2>/dev/null
cmp "$WORK/pcrs" "$parts/pcrs" || fail "other PCRs than tpm2_pcrread reads"
ok "the PCRs are those that tpm2_pcrread reads"
openssl verify -CAfile "$machine/ak-root.pem" -untrusted "$parts/chain.pem" "$parts/chain.pem" >/dev/null ||
    fail "the chain does not verify"
[ "$(grep -c BEGIN "$parts/chain.pem")" = 2 ] || fail "not two certificates"
ok "the key's certificate and the one above it lead to the root"

tpm2_nvread -C o 0x01400001 -o "$WORK/report" 2>/dev/null
python3 - "$WORK/report" "$parts" "$data" <<'PY'
import hashlib, json, struct, sys
report, parts, data = open(sys.argv[1], "rb").read(), sys.argv[2], sys.argv[3]
hcl = open(parts + "/hcl", "rb").read()
assert report.rstrip(b"\0") == hcl, "another HCL report"
n = struct.unpack("<I", hcl[1232:1236])[0]
variable = hcl[1236:1236 + n]
assert len(hcl) == 1236 + n
assert json.loads(variable)["user-data"].lower() == data, "other user data"
quote = open(parts + "/quote", "rb").read()
assert quote[48 + 520:48 + 584] == hashlib.sha256(variable).digest() + bytes(32), "the quote is over another report"
PY
ok "the TDX quote is over the HCL report, and the HCL report over the report data"

make "" >/dev/null
[ "$(grep -c BEGIN "$parts/chain.pem")" = 1 ] || fail "not one certificate"
ok "without a file of intermediates the key's own certificate goes alone"
make imds-padded >/dev/null && ok "a metadata service that pads its base64 is understood"
make imds-busy >/dev/null && ok "a metadata service that is busy is asked again"
refused "a metadata service that refuses is named with its status" 1 'metadata service: status 400' make imds-refuses
refused "an empty quote is none" 1 'metadata service' make imds-empty
refused "an answer that is no JSON is refused" 1 'metadata service' make imds-nonsense
refused "a quote over another report is not passed on" 1 'over another report' make imds-other
no_report="{\"report\":\"$(head -c 1024 /dev/zero | base64 -w0 | tr -d =)\"}"
[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Metadata: true' -d "$no_report" "${AZURE_IMDS[one]}/acc/tdquote")" = 400 ] ||
    fail "a quote of a report that no TDX module made"
ok "the simulated service makes no quote of a report that no TDX module made"
refused "intermediates that are not there are named" 1 'certificates above.*none.pem' make "" "$WORK/none.pem"

run tpm2_nvundefine -Q -C o 0x01400002
make "" >/dev/null && ok "the index for user data is defined when it is missing"
run tpm2_nvundefine -Q -C o 0x01C101D0
refused "a vTPM without a certificate of its key is told" 1 "certificate of the vTPM's key.*0x01c101d0" make
run tpm2_nvundefine -Q -C o 0x01400001
refused "a TPM that no paravisor has written to is no Azure machine" 1 \
    'azure-vtpm: HCL report \(only a confidential machine' make
stop azure-one
refused "no TPM at all: every way that was tried is told" 1 'configfs-tsm:.*tdx-guest:.*azure-vtpm:' make

# ---- as an instance meets it ----

refused "an instance names the way to quotes that it was told to take" 1 'azure-vtpm: ' \
    teereg instance provision --rpc http://127.0.0.1:1 --chain-id 1 --kms "0x$(printf '11%.0s' {1..20})" \
    --app "0x$(printf '22%.0s' {1..20})" --kms-url https://127.0.0.1:1 --out "$WORK/out" \
    --quotes-from azure-vtpm --tpm "${AZURE_TPM[one]}"
finish
