#!/bin/bash
# `teereg evidence verify` against odd options and odd files: what is the caller's mistake (2), what is a
# verdict (0 or 3, always with its JSON), and what that JSON says.  Nothing here needs a chain.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
vectors=$ROOT/tests/vectors/dcap
address=0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
phala=(--file "$vectors/quotes/tdx_v4_b0c06f_phala.bin" --collateral "$vectors/collateral/phala_b0c06f_2025-06.json"
    --at 1750800000)
phala_early=("${phala[@]:0:4}" --at 0)
azure=(--type azure-vtpm --file "$vectors/azure/b1780922561.evidence.json"
    --collateral "$vectors/collateral/flashbots_azure_2026-06.json" --at 1781000000)
azure_early=("${azure[@]:0:6}" --at 0)
token=(--type azure-maa --file "$vectors/maa/synthetic_tdxvm.jwt" --jwks "$vectors/maa/synthetic_tdxvm_jwks.json"
    --at 1697680000)

# answer SENTENCE EXIT_CODE PYTHON OPTION...: with --json, a verdict v of which the expression is true.
answer() {
    local sentence=$1 expected=$2 expression=$3 code=0
    shift 3
    teereg evidence verify "$@" --json >"$WORK/answer" 2>"$WORK/said" </dev/null || code=$?
    [ "$code" = "$expected" ] || {
        cat "$WORK/answer" "$WORK/said" >&2
        fail "$sentence: found exit code $code, expected $expected"
    }
    python3 - "$WORK/answer" "$expression" <<'END' || fail "$sentence: not so: $expression"
import json
import sys

v = json.load(open(sys.argv[1]))
check = {c["name"]: c for c in v["checks"]}
# Of every answer, whatever was asked.
assert v["verdict"] == ("accept" if v["error"] is None else "reject"), v
assert v["error"] is None or set(v["error"]) == {"code", "message"}, v
assert all(set(c) == {"name", "ok", "detail"} and isinstance(c["ok"], bool) for c in v["checks"]), v
assert v["checks"] and len(check) == len(v["checks"]), v
assert all(c["ok"] for c in v["checks"]) == (v["verdict"] == "accept"), v
assert not set(check) & set(v["skipped"]), v
for member in ("status", "tcb_date", "advisories", "evaluation_number", "measurements"):
    assert member in v, member
if not eval(sys.argv[2]):
    print(json.dumps(v, indent=1), file=sys.stderr)
    sys.exit(1)
END
    ok "$sentence"
}

# wrong SENTENCE REGEX OPTION...: the caller's mistake, and no verdict is printed.
wrong() {
    local sentence=$1 regex=$2
    shift 2
    refused "$sentence" 2 "$regex" teereg evidence verify "$@" --json
    ! grep -q '"verdict"' "$WORK/said" || fail "$sentence: a verdict is printed"
}

# ---- a contract's identity ----

contract=(--contract "$address" --chain-id 31337)
answer "a TDX quote has an identity for a contract" 0 'len(v["identity"]) == 64' "${phala[@]}" "${contract[@]}"
wrong "an Azure identity is made of the PCRs of a mask, which must be given" '--pcr-mask' "${azure[@]}" "${contract[@]}"
wrong "also where the evidence would be refused" '--pcr-mask' "${azure_early[@]}" "${contract[@]}"
wrong "a mask of more than 24 PCRs is none" '--pcr-mask' "${azure[@]}" "${contract[@]}" --pcr-mask 16777216
wrong "a contract without its chain is half a name" '--chain-id' "${phala[@]}" --contract "$address"
wrong "an address that is none is the caller's mistake" '--contract' "${phala[@]}" --contract 0x12 --chain-id 1
answer "with a mask an Azure machine has one" 0 'len(v["identity"]) == 64' "${azure[@]}" "${contract[@]}" --pcr-mask 2576
teereg evidence identity "$vectors/azure/b1780922561.evidence.json" "${contract[@]}" --scheme 1 --json >"$WORK/v1"
answer "for a contract of version 1 it is that of PCRs 4, 9 and 11, without a mask" 0 \
    'v["identity"] == json.load(open("'"$WORK"'/v1"))["identity"]' "${azure[@]}" --contract "$address" --scheme 1
answer "evidence that is refused has none" 3 'v["identity"] is None' "${phala_early[@]}" "${contract[@]}"
answer "a token gives none" 0 'v["identity"] is None' "${token[@]}" "${contract[@]}"
wrong "there are two schemes" '--scheme' "${phala[@]}" "${contract[@]}" --scheme 3

# ---- what was not judged ----

answer "a check that nobody asked for is listed as skipped, not as one that holds" 0 \
    '"report data" in v["skipped"]' "${phala[@]}"
answer "and where its answer is asked for it is a check" 3 \
    'v["error"]["code"] == "REPORT_DATA" and "report data" not in v["skipped"]' "${phala[@]}" --report-data "$(printf '%0128d' 1)"
answer "what was not reached is not ok, and says what it lacks" 3 \
    'v["status"] is None and check["TCB level"]["detail"].startswith("skipped: ")' "${phala[@]:0:2}"
answer "of what is no quote nothing was reached" 3 \
    'sum(c["detail"] == "skipped: not reached" for c in v["checks"]) > 20' --file "$vectors/negative/n34_trunc_0047.bin"
answer "the same of Azure" 0 '"report data in vTPM quote" in v["skipped"] and "paravisor" in v["skipped"]' "${azure[@]}"
answer "and of tokens" 0 '"nonce" in v["skipped"] and "nonce" not in check' "${token[@]}"

# ---- odd files and options ----

empty=$WORK/empty garbage=$WORK/garbage
: >"$empty"
head -c 3000 /dev/urandom >"$garbage"
for type in tdx-dcap azure-vtpm; do
    wrong "$type: a file that is not there is the caller's mistake" 'no-such-file' --type $type --file "$WORK/no-such-file"
    wrong "$type: so is a folder" "$WORK" --type $type --file "$WORK"
    answer "$type: an empty file is refused" 3 'v["error"]["code"] in ("PARSE_SIZE", "AZURE_EVIDENCE")' \
        --type $type --file "$empty"
    for text in '{' '[]' '{}' '{"type":"tdx-dcap"}' '{"type":"x","quote":"","payload":""}' '{"quote":1.5e400}'; do
        printf '%s' "$text" >"$WORK/odd"
        answer "$type: $text is refused" 3 'True' --type $type --file "$WORK/odd"
    done
done
answer "evidence of Azure is refused where a quote is expected, whoever sent it" 3 'v["error"]["code"] == "TEE_TYPE"' \
    --file "${azure[3]}"
for name in "$(printf '\xff\xfe')" "$(printf '€%.0s' {1..80})" "$(printf 'x€%.0s' {1..60})"; do
    cp "$WORK/odd" "$WORK/$name"
    answer "a name of ${#name} odd characters hides no verdict" 3 'v["verdict"] == "reject"' --file "$WORK/$name"
done
answer "random bytes are no quote" 3 'v["error"]["code"] != "NONE"' --file "$garbage"
hex_of "${phala[1]}" >"$WORK/hex"
base64 "${phala[1]}" >"$WORK/base64"
answer "a quote in hex digits is no raw quote" 3 'True' --file "$WORK/hex" "${phala[@]:2}"
answer "nor is one in base64" 3 'True' --file "$WORK/base64" "${phala[@]:2}"
wrong "a time before 1970 is the caller's mistake" '--at' "${phala[@]:0:4}" --at -1
wrong "and one that is no number" '--at' "${phala[@]:0:4}" --at 2025-06-24
wrong "and one beyond all clocks" '--at' "${phala[@]:0:4}" --at 99999999999999999999
wrong "a status that does not exist is the caller's mistake" '--accept-status' "${phala[@]}" --accept-status Splendid
wrong "no status is none" '--accept-status' "${phala[@]}" --accept-status ''
wrong "Revoked is never acceptable" '--accept-status.*Revoked' "${phala[@]}" --accept-status UpToDate,Revoked
wrong "any stands alone" '--accept-status' "${phala[@]}" --accept-status any,UpToDate
wrong "there are three types" '--type' --type sev-snp --file "$empty"
wrong "collateral that is not there is the caller's mistake" 'collateral' "${phala[@]:0:2}" --collateral "$WORK/no-such-file"
wrong "a root that is none is the caller's mistake" '--root' "${phala[@]}" --root "$garbage"
answer "any widens statuses, and not what has ended" 3 'v["error"]["code"] == "COLLATERAL_EXPIRED"' \
    "${phala[@]:0:4}" --at 1760000000 --accept-status any
answer "nor a DEBUG TD" 3 'v["error"]["code"] == "TD_DEBUG" and v["status"] == "UpToDate"' \
    --file "$vectors/quotes/tdx_v4_50806f_DEBUG_coco4.bin" --collateral "$vectors/collateral/google_50806f_2023-06.json" \
    --at 1687600000 --accept-status any
answer "garbage for collateral is refused by name" 3 'v["error"]["code"] == "COLLATERAL_FORMAT"' \
    "${phala[@]:0:2}" --collateral "$empty"
python3 - "${phala[3]}" >"$WORK/more.json" <<'END'
import json, sys
b = json.load(open(sys.argv[1]))
print(json.dumps({"seconds": 1.5, "more": [18446744073709551616], **b}))
END
answer "members of a bundle that nobody reads do not matter" 0 'v["status"] == "UpToDate"' \
    "${phala[@]:0:2}" --collateral "$WORK/more.json" --at 1750800000

# ---- a token's issuer ----

answer "a token of another issuer than the one that is trusted is refused as such, whatever its key says" 3 \
    'v["error"]["code"] == "MAA_ISSUER" and check["token signature"]["ok"]' "${token[@]}" \
    --issuer https://other.neu.attest.azure.net
wrong "an issuer that is no address is the caller's mistake" '--issuer' "${token[@]}" --issuer maasand001

finish
