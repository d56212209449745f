#!/bin/bash
# SR-40: a KMS that serves speaks TLS 1.3 and nothing older, and clients that we did not write read its
# evidence; what a plain server of ours does is tls_clients.sh.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all

says "curl reaches the KMS over TLS 1.3" 'TLSv1.3' \
    curl -skv --tlsv1.3 -o /dev/null "$TEEREG_KMS_URL/livez"
refused "curl gets no TLS 1.2" 35 'protocol version|alert|SSL' \
    curl -sSk --tls-max 1.2 "$TEEREG_KMS_URL/livez"
if curl -s -o /dev/null "http://${TEEREG_KMS_URL#https://}/livez"; then fail "plain HTTP is answered"; fi
ok "plain HTTP is not answered"

go=$("$ROOT/tools/fetch-go")
(cd "$ROOT/tests/integration/goclient" &&
    GOCACHE="${TEEREG_CACHE:-$HOME/.cache/teereg}/go-build" GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0 \
        "$go" build -o "$WORK/goclient" .)
says "a Go client finds evidence of the size of a real quote" 'evidence [5-9][0-9]{3}' \
    "$WORK/goclient" "$TEEREG_KMS_URL/livez"

openssl s_client -connect "${TEEREG_KMS_URL#https://}" </dev/null 2>/dev/null | openssl x509 >"$WORK/leaf.pem"
read -r _ root_id _ <"$WORK/root.key"
says "the evidence that openssl saw is of the root that this KMS holds" "root_id +$root_id" \
    teereg evidence show "$WORK/leaf.pem"
grep -q 'throw-away root of development builds' "$WORK/said" || fail "$(cat "$WORK/said")"
ok "and says that its platform is none"
finish
