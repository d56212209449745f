#!/bin/bash
# `teereg collateral` against a simulated certification service: what is fetched is accepted by the verifier,
# the early data gives a date, what is stale is an alarm, a silent server ends by the deadline.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin

now=$(date +%s)
zero=$(printf '0%.0s' {1..128})
teereg-sim measurements --image orders --out "$WORK/m.json" 2>/dev/null
teereg-sim quote --measurements "$WORK/m.json" --report-data "$zero" --out "$WORK/quote" 2>/dev/null

# pcs NAME OPTION...: a service; its address is $url.
pcs() {
    local name=$1
    shift
    start "$name" teereg-sim pcs --listen 127.0.0.1:0 "$@"
    url=http://$(wait_line "$name" '127\.0\.0\.1:[0-9]+' | grep -oE '127\.0\.0\.1:[0-9]+' | head -n1)
}
pcs pcs
good=$url

# ---- fetch and bundle ----

says "fetch tells what it wrote" 'evaluation_number +17' \
    teereg collateral fetch --for "$WORK/quote" --url "$good" --out "$WORK/folder/"
[ "$(ls "$WORK/folder")" = tdx-53494d000000-platform.json ] || fail "the folder holds $(ls "$WORK/folder")"
ok "a folder gets one file for each platform"
says "by FMSPC it is the same" 'root +.*throw-away' \
    teereg collateral fetch --fmspc 53494D000000 --ca platform --url "$good" --out "$WORK/fmspc.json"
says "for enclaves too" '^ *tee +sgx' \
    teereg collateral fetch --for "$WORK/quote" --tee sgx --url "$good" --out "$WORK/folder"
says "the verifier accepts by what was fetched" 'verdict +accept' \
    teereg evidence verify --file "$WORK/quote" --collateral "$WORK/folder/tdx-53494d000000-platform.json"
says "a bundle is made of the folder alone" 'out +.*bundle' \
    teereg collateral bundle --for "$WORK/quote" --from "$WORK/folder" --out "$WORK/bundle.json"
says "and accepted" 'verdict +accept' \
    teereg evidence verify --file "$WORK/quote" --collateral "$WORK/bundle.json"
refused "nothing is known of other platforms" 4 'platforms 00906ea10000: no TCB info' \
    teereg collateral bundle --fmspc 00906EA10000 --from "$WORK/folder" --out "$WORK/other.json"
refused "without a platform there is nothing to fetch" 2 'which platform' \
    teereg collateral fetch --url "$good" --out "$WORK/none.json"
refused "an FMSPC is 12 digits" 2 'expected 12 hex digits' \
    teereg collateral fetch --fmspc 53 --url "$good" --out "$WORK/none.json"
refused "early data does not go into a folder of what is believed" 2 'must be one file' \
    teereg collateral fetch --for "$WORK/quote" --update early --url "$good" --out "$WORK/folder"
says "early data goes into a file" 'evaluation_number +18' \
    teereg collateral fetch --for "$WORK/quote" --update early --url "$good" --out "$WORK/early.json"
pcs old --at $((now - 5 * 86400))
refused "older data does not replace newer" 5 'it is not replaced' \
    teereg collateral fetch --for "$WORK/quote" --url "$url" --out "$WORK/folder"
teereg collateral fetch --for "$WORK/quote" --url "$good" --state "$WORK/floors" --out "$WORK/a.json" >/dev/null
pcs lower --evaluation 16
refused "nor does what is below the evaluation number that was seen" 5 'evaluation number 16, but 17 was seen' \
    teereg collateral fetch --for "$WORK/quote" --url "$url" --state "$WORK/floors" --out "$WORK/b.json"
pcs forged --fault tcb-info-sig
refused "what is not signed is not written" 5 'TCB_INFO_SIG' \
    teereg collateral fetch --for "$WORK/quote" --url "$url" --out "$WORK/forged.json"
[ ! -e "$WORK/forged.json" ] || fail "it was written"
pcs ended --at $((now - 90 * 86400))
refused "nor what has ended" 6 'has ended at .* nothing was written' \
    teereg collateral fetch --for "$WORK/quote" --url "$url" --out "$WORK/ended.json"

# ---- a server that is silent ----

start hung python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print("listens on 127.0.0.1:%d" % s.getsockname()[1], flush=True)
time.sleep(600)'
hung=http://$(wait_line hung 'listens' | grep -oE '127\.0\.0\.1:[0-9]+')
before=$SECONDS
refused "a silent server ends by the deadline" 6 'no TCB info.*no answer in time' \
    teereg collateral fetch --for "$WORK/quote" --url "$hung" --seconds 2 --out "$WORK/hung.json"
[ $((SECONDS - before)) -le 5 ] || fail "it took $((SECONDS - before)) s"
ok "in time"

# ---- show and status ----

says "show names levels and their dates" 'UpToDate' teereg collateral show "$WORK/folder"
says "and the numbers of lists" 'crl_number' teereg collateral show "$WORK/folder"
teereg collateral show --json "$WORK/folder" |
    python3 -c 'import json, sys; o = json.load(sys.stdin)["objects"]; assert len(o) == 8 and all(x["held"] for x in o), o'
ok "as JSON there are eight objects"
says "status of a fresh folder is quiet" 'alarms +\[\]' teereg collateral status --from "$WORK/folder"
refused "what ends within the warning is an alarm" 3 'ends at .*in less than' \
    teereg collateral status --from "$WORK/folder" --warn-days 60
mkdir "$WORK/stale"
teereg-sim collateral --at $((now - 90 * 86400)) --out "$WORK/stale/old.json" 2>/dev/null
refused "a stale folder is an alarm" 3 'has ended at' teereg collateral status --from "$WORK/stale"
cp "$WORK/bundle.json" "$WORK/stale/new.json"
says "what was replaced by newer data is none" 'superseded +true' \
    teereg collateral status --from "$WORK/stale"
echo '{"tcb_info": 7}' >"$WORK/stale/broken.json"
refused "a file that cannot be read is one" 3 'broken.json' teereg collateral status --from "$WORK/stale"
refused "status asks of what" 2 'Either --from PATH or --admin' teereg collateral status
refused "a KMS that is not there" 6 'is the KMS running' \
    teereg collateral status --admin "$WORK/none.sock"

# ---- forecast ----

says "the early data ends it a year after its recovery event" 'accepted_until +2027-08-12T00:00:00Z' \
    teereg collateral forecast --for "$WORK/quote" --url "$good" --metrics "$WORK/metrics.prom"
grep -qx "teereg_collateral_accepted_until_seconds{case=\"early\",evidence=\"$WORK/quote\",tee=\"tdx\",fmspc=\"53494d000000\",root=\"development\"} 1818028800" \
    "$WORK/metrics.prom" || fail "metrics: $(cat "$WORK/metrics.prom")"
ok "the metrics say the same"
says "by the check that will refuse" 'ended_by +TCB_STATUS' \
    teereg collateral forecast --for "$WORK/quote" --from "$WORK/bundle.json" --early "$WORK/early.json"
refused "within the warning that is exit code 3" 3 'will be refused from 2027-08-12' \
    teereg collateral forecast --for "$WORK/quote" --url "$good" --warn-days 1000
says "a policy that accepts the coming status goes on" 'early_status +OutOfDate' \
    teereg collateral forecast --for "$WORK/quote" --url "$good" --accept-status UpToDate,OutOfDate
grep -q 'ended_by *TCB_STATUS' "$WORK/said" && fail "it ended"
ok "until something else ends"
teereg-sim collateral --status OutOfDate --out "$WORK/out.json" 2>/dev/null
refused "what is refused already is said" 3 'is refused: TCB_STATUS' \
    teereg collateral forecast --for "$WORK/quote" --from "$WORK/out.json"
refused "a forecast is about somebody" 2 'of which platform' \
    teereg collateral forecast --from "$WORK/bundle.json"

# ---- a KMS of its own platform ----

KMS_MORE+=(--collateral-url "$good")
system_all
has_metric() { curl -s --unix-socket "$WORK/kms.sock" http://kms/metrics | grep -E "accepted_until_seconds.*$1"; }
eventually "a KMS says until when its own evidence is good, early data included" 10 has_metric 'case="early",evidence="own"'
has_metric 'case="held",evidence="any"' >/dev/null || fail "no metric of platforms that are held"
ok "and what it holds for others"
says "a KMS's collateral has a status too" 'alarms +\[\]' teereg collateral status --admin "$WORK/kms.sock"
finish
