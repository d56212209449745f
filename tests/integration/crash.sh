#!/bin/bash
# SR-38: kill -9 in the middle of releases: every answer that left is on record, and the chain holds.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
plain=()
for ((i = 0; i < 200; i++)); do plain+=(plain); done
for round in 1 2 3; do
    before=$(releases)
    for ((i = 0; i < 3; i++)); do
        start "load-$i" "$BUILD/tests/integration/probe" "$TEEREG_KMS_URL" "$TEEREG_RPC" \
            "$TEEREG_CHAIN_ID" "$TEEREG_KMS" "$TEEREG_APP" "$WORK/orders.json" "${plain[@]}"
    done
    for ((i = 0; i < 500 && $(releases) < before + 20 * round; i++)); do sleep 0.02; done
    stop kms KILL
    answered=0
    for ((i = 0; i < 3; i++)); do
        wait "${PID[load-$i]}" || true
        unset "PID[load-$i]"
        answered=$((answered + $(grep -c 'plain: released' "$WORK/log/load-$i" || true)))
    done
    [ "$answered" -gt 0 ] || fail "nothing was released before the kill"
    [ "$answered" -lt 600 ] || fail "all was released before the kill"
    says "round $round: after kill -9 the chain of the log is intact" 'releases' \
        teereg audit verify "$WORK/audit.log"
    [ $(($(releases) - before)) -ge "$answered" ] ||
        fail "$answered answers arrived, but only $(($(releases) - before)) are on record"
    ok "round $round: each of $answered answers is on record ($(($(releases) - before)) records)"
    system_kms_start
    provision orders
    ok "round $round: it starts again on the same log and serves"
done
says "at the end the whole chain holds" 'releases' teereg audit verify "$WORK/audit.log"

sed -i '5s/release/relaese/' "$WORK/audit.log"
refused "a changed record is found, with its line" 5 '(line|record|seq)[^0-9]*5' \
    teereg audit verify "$WORK/audit.log"
finish
