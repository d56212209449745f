#!/bin/bash
# SR-64: bodies that are too large and clients that are too slow cost nobody else anything.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
post() {
    curl -sk -o "$WORK/said" -w '%{http_code}' -H 'Content-Type: application/json' \
        --max-time 20 --data-binary "@$1" "$TEEREG_KMS_URL$2" || true
}
head -c 70000 /dev/zero | tr '\0' ' ' >"$WORK/70k"
head -c 20000000 /dev/zero | tr '\0' ' ' >"$WORK/20m"
code=$(post "$WORK/70k" "/api/v2/secrets/$TEEREG_APP")
[ "$code" = 413 ] || fail "70,000 bytes: status $code"
ok "a secrets request over 64 KiB is refused with 413"
code=$(post "$WORK/70k" /api/v2/challenge)
[ "$code" = 413 ] || fail "70,000 bytes of challenge request: status $code"
ok "a challenge request over its bound is refused with 413"
code=$(post "$WORK/20m" "/api/v2/secrets/$TEEREG_APP")
case $code in 413 | 000) ;; *) fail "20 MB: status $code" ;; esac
ok "20 MB are not even read"
code=$(printf '{' | post - /api/v2/challenge)
[ "$code" = 400 ] || fail "broken JSON: status $code"
ok "broken JSON is 400"
rss=$(awk '/^RssAnon/ { print $2 }' "/proc/${PID[kms]}/status")
[ "$rss" -lt 40000 ] || fail "the KMS has grown to $rss kB"
ok "the KMS has not grown ($rss kB)"

# Each sends half of a head and waits.
start slow "$ROOT/tests/integration/slow.py" "${TEEREG_KMS_URL#https://}" 60
wait_line slow waiting >/dev/null
start_ns=$(date +%s%N)
provision orders
ms=$((($(date +%s%N) - start_ns) / 1000000))
[ $ms -lt 5000 ] || fail "with slow clients a provisioning took $ms ms"
running slow || fail "the slow clients have ended"
ok "sixty slow clients do not delay an instance ($ms ms)"
finish
