#!/bin/bash
# SR-40: TLS 1.3 with evidence in the certificate, as curl and as Go's library meet it.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
address=${TEEREG_KMS_URL#https://}

says "curl completes the handshake over TLS 1.3" 'TLSv1.3' \
    curl -skv --tlsv1.3 -o /dev/null "$TEEREG_KMS_URL/livez"
if curl -sk --tls-max 1.2 -o /dev/null "$TEEREG_KMS_URL/livez"; then fail "TLS 1.2 is accepted"; fi
ok "curl gets no TLS 1.2"
openssl s_client -connect "$address" -tls1_3 -sess_out "$WORK/session" </dev/null >"$WORK/said" 2>&1 || true
grep -q 'New Session Ticket arrived' "$WORK/said" && fail "there are tickets"
grep -q 'TLSv1.3' "$WORK/said" || fail "$(cat "$WORK/said")"
ok "there are no session tickets"
if curl -s -o /dev/null "http://$address/livez"; then fail "plain HTTP is answered"; fi
ok "plain HTTP is not answered"

go=$("$ROOT/tools/fetch-go")
(cd "$WORK" && GO111MODULE=off GOFLAGS='' GOCACHE=${TEEREG_CACHE:-$HOME/.cache/teereg}/go-build GOTELEMETRY=off \
    "$go" build -o "$WORK/handshake" "$ROOT/tests/interop/handshake.go") 2>"$WORK/said" ||
    fail "$(cat "$WORK/said")"
"$WORK/handshake" "$address" >"$WORK/said" 2>&1 || fail "$(cat "$WORK/said")"
for line in 'protocol TLS 1.3' 'type tdx-dcap' 'quote_version 4' 'status 200' 'tls12 refused'; do
    grep -qx "$line" "$WORK/said" || fail "expected '$line', found: $(cat "$WORK/said")"
done
ok "a Go client completes the handshake and finds the evidence"
finish
