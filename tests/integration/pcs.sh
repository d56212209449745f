#!/bin/bash
# `teereg-sim pcs`, path by path, as its API says (pcs_api.py judges with openssl); what `teereg collateral fetch`
# makes of it; and a KMS and an instance that have their collateral from nowhere else.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin

now=$(date +%s)
fmspc=53494D000000
start pcs teereg-sim pcs --listen 127.0.0.1:0 --at "$now"
url=http://$(wait_line pcs '127\.0\.0\.1:[0-9]+' | grep -oE '127\.0\.0\.1:[0-9]+' | head -n1)
teereg-sim root --out "$WORK/root.pem" 2>/dev/null
mkdir "$WORK/served"

# ---- the API ----

python3 "$ROOT/tests/integration/pcs_api.py" "$url" "$WORK/root.pem" $fmspc "$now" "$WORK/served" >"$WORK/judged" ||
    fail "after: $(tail -n 1 "$WORK/judged")"
while read -r sentence; do ok "$sentence"; done <"$WORK/judged"
[ "$(wc -l <"$WORK/judged")" = 15 ] || fail "found $(wc -l <"$WORK/judged") sentences"

# ---- what is fetched is what was served ----

teereg-sim measurements --image orders --out "$WORK/m.json" 2>/dev/null
teereg-sim quote --measurements "$WORK/m.json" --report-data "$(printf '0%.0s' {1..128})" --out "$WORK/quote" 2>/dev/null
for tee in tdx sgx; do
    says "what is fetched about $tee is told" 'evaluation_number +17' teereg collateral fetch --fmspc $fmspc --ca platform \
        --tee $tee --url "$url/$tee/certification/v4/" --out "$WORK/$tee.json"
done
says "the other CA's list too" 'out ' teereg collateral fetch --fmspc $fmspc --ca processor --url "$url" \
    --out "$WORK/processor.json"
python3 - "$WORK" <<'END' || fail "what was fetched is not what was served"
import json
import sys

work = sys.argv[1]
for name, tee, ca in (("tdx", "tdx", "platform"), ("sgx", "sgx", "platform"), ("processor", "tdx", "processor")):
    with open(f"{work}/{name}.json") as f:
        bundle = json.load(f)

    def same(member, file, as_hex=False):
        with open(f"{work}/served/{file}", "rb") as f:
            served = f.read()
        served = served.hex() if as_hex else served.decode()
        if bundle[member] != served:
            sys.exit(f"{name}.json: {member} is {bundle[member][:60]}, served was {served[:60]}")

    same("tcb_info", f"{tee}-tcb")
    same("tcb_info_signature", f"{tee}-tcb.signature")
    same("qe_identity", f"{tee}-qe-identity")
    same("qe_identity_signature", f"{tee}-qe-identity.signature")
    same("root_ca_crl", "root-crl", True)
    same("pck_crl", f"pck-crl-{ca}", True)
END
ok "and is what was served, byte by byte"
says "the verifier accepts by it" '^verdict +accept$' \
    teereg evidence verify --file "$WORK/quote" --collateral "$WORK/tdx.json" --root "$WORK/root.pem"
refused "but not by the other CA's list" 3 'PCK_CRL.*another CA' \
    teereg evidence verify --file "$WORK/quote" --collateral "$WORK/processor.json" --root "$WORK/root.pem"
refused "nor by what is about enclaves" 3 'TCB_INFO.*about SGX' \
    teereg evidence verify --file "$WORK/quote" --collateral "$WORK/sgx.json" --root "$WORK/root.pem"
refused "another family is not known there" 4 'status 404.*check FMSPC' \
    teereg collateral fetch --fmspc 00906EA10000 --url "$url" --out "$WORK/none.json"
refused "nor is what is no such service" 4 'no TCB info.*status 404' \
    teereg collateral fetch --fmspc $fmspc --url "$url/elsewhere" --out "$WORK/none.json"
[ ! -e "$WORK/none.json" ] || fail "it was written"

# ---- a KMS and an instance that ask it alone ----

# In place of a folder: every command finds the address in its environment.
system_collateral() { export TEEREG_COLLATERAL_URL=$url; }
before=$(grep -c status= "$WORK/log/pcs" || true)
system_all
provision orders
[ "$(releases)" = 1 ] || fail "found $(releases) releases"
tail -n "+$((before + 1))" "$WORK/log/pcs" >"$WORK/asked"
for what in 'tdx/certification/v4/tcb' 'tdx/certification/v4/qe/identity' 'sgx/certification/v4/pckcrl' 'sgx/certification/v4/rootcacrl'; do
    grep -q "$what" "$WORK/asked" || fail "nobody asked for $what: $(cat "$WORK/asked")"
done
ok "an instance is served by a KMS that has its collateral from the service, all four parts"
stop pcs
refused "an instance that can have none judges no KMS" 5 'COLLATERAL_MISSING' \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/instance-late"
[ ! -e "$WORK/instance-late" ] || fail "it wrote something"
[ "$(releases)" = 1 ] || fail "found $(releases) releases"
mkdir "$WORK/folder"
cp "$WORK/tdx.json" "$WORK/folder"
TEEREG_COLLATERAL_DIR=$WORK/folder provision orders
[ "$(releases)" = 2 ] || fail "found $(releases) releases"
ok "the KMS goes on with what it had from the service"
finish
