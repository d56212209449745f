#!/bin/bash
# Clients that we did not write complete a handshake with our server, whose leaf carries evidence; what
# is older than TLS 1.3 does not.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin

start hello "$BUILD/tests/integration/hello_server" 2 2
read -r port plain_port < <(wait_line hello '^[0-9]+ [0-9]+$')
url=https://127.0.0.1:$port/hello

says "curl completes a TLS 1.3 handshake and falls back to HTTP/1.1" '^1\.1 200 ' \
    curl -sk --tlsv1.3 --http2 -o /dev/null -w '%{http_version} %{http_code} %{num_connects}\n' "$url"
says "curl uses one connection for several requests" '^1 0 0 $' \
    curl -sk -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' "$url" "$url" "$url"
refused "curl is refused with TLS 1.2" 35 'protocol version|alert|SSL' curl -sS -k --tls-max 1.2 "$url"
says "curl is answered on the plain loopback listener" '^200$' \
    curl -s -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$plain_port/hello"

openssl s_client -connect "127.0.0.1:$port" </dev/null >"$WORK/s_client" 2>&1 || true
openssl x509 -in "$WORK/s_client" -noout -text >"$WORK/leaf" 2>/dev/null
grep -q '1\.2\.840\.113556\.1\.8000\.2554\.23868\.2622\.27407\.19544\.39492\.8331117\.928657' "$WORK/leaf" ||
    fail "the leaf has no evidence extension: $(cat "$WORK/leaf")"
ok "the leaf that openssl saw carries the evidence extension"
! grep -qi 'New Session Ticket\|Session-ID: [0-9A-F]' "$WORK/s_client" || fail "a session ticket came"
ok "no session ticket is given out"

go=$("$ROOT/tools/fetch-go")
(cd "$ROOT/tests/integration/goclient" &&
    GOCACHE="${TEEREG_CACHE:-$HOME/.cache/teereg}/go-build" GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0 \
        "$go" build -o "$WORK/goclient" .)
"$WORK/goclient" "$url" >"$WORK/go" || fail "the Go client failed"
while IFS=: read -r line sentence; do
    grep -qE -- "^$line\$" "$WORK/go" || fail "Go: expected $line, found: $(cat "$WORK/go")"
    ok "Go: $sentence"
done <<'EOF'
version TLS 1\.3:the handshake is TLS 1.3
protocol HTTP/1\.1:HTTP/1.1 is agreed on
status 200:the request is answered
evidence 4[0-9]{3}:the evidence extension parses
exporter [0-9a-f]{64}:the exporter gives 32 bytes
tickets 0:no session can be resumed
EOF
refused "Go is refused with TLS 1.2" 1 'protocol version' "$WORK/goclient" -max 1.2 "$url"

stop hello
ok "the server drains and ends on SIGTERM"
finish
