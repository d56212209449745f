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

# ---- a token's issuer ----

answer "a token of another issuer than the one that is trusted is refused as such, whatever its key says" 3 \
    'v["error"]["code"] == "MAA_ISSUER" and check["token signature"]["ok"]' "${token[@]}" \
    --issuer https://other.neu.attest.azure.net
wrong "an issuer that is no address is the caller's mistake" '--issuer' "${token[@]}" --issuer maasand001

finish
