#!/bin/bash
# SR-72: readiness follows governance and the chain; health needs neither.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
# What was read from the chain counts for so long once the node is gone.
KMS_SECURITY=(--max-block-age 5)
system_all
status() { curl -sk -o "$WORK/answer" -w '%{http_code}' "$TEEREG_KMS_URL/$1"; }
is() { [ "$(status "$1")" = "$2" ]; }
eventually "it is ready" 5 is readyz 200
is livez 200 || fail "not alive"
ok "it is alive"
says "the status names the chain view" 'trusted' teereg kms status --admin "$WORK/kms.sock"
grep -qi 'development build' "$WORK/said" || fail "$(cat "$WORK/said")"
ok "the status says that it is a development build"
[ "$(stat -c %a "$WORK/kms.sock")" = 600 ] || fail "mode $(stat -c %a "$WORK/kms.sock")"
ok "the admin socket is its owner's alone"
[ "$(status status)" = 404 ] && [ "$(status metrics)" = 404 ] || fail "admin routes in public"
ok "admin routes are not on the public listener"
curl -s --unix-socket "$WORK/kms.sock" http://kms/metrics >"$WORK/metrics"
grep -qE '^teereg_[a-z_]+({.*})? [0-9]' "$WORK/metrics" || fail "$(head "$WORK/metrics")"
ok "the admin socket has metrics"

principal=$(teereg kms status --admin "$WORK/kms.sock" | awk '$1 == "principal" { print $2 }')
run teereg gov revoke --contract "$TEEREG_KMS" --identity "$principal"
eventually "revoked, it is no longer ready" 5 is readyz 503
is livez 200 || fail "not alive"
ok "and still alive"
run teereg gov allow --contract "$TEEREG_KMS" --measurements "$WORK/kms.json" --config-hash "$CONFIG_HASH"
eventually "allowed again, it is ready again" 5 is readyz 200

run teereg kms drain --admin "$WORK/kms.sock"
is readyz 503 || fail "ready while it drains"
ok "drained, it is not ready"
provision orders
ok "but serves who comes nevertheless"
run teereg kms drain --undo --admin "$WORK/kms.sock"
eventually "undrained, it is ready" 5 is readyz 200

stop chain KILL
eventually "without its node it is not ready once the last block is too old" 15 is readyz 503
case $(status "api/v2/pki/$TEEREG_APP") in 502 | 503) ;; *) fail "PKI: $(cat "$WORK/answer")" ;; esac
ok "and gives nothing out"
is livez 200 || fail "not alive"
ok "and still alive"
start_ns=$(date +%s%N)
pid=${PID[kms]}
kill -s TERM "$pid"
wait "$pid" || fail "exit code $? at SIGTERM"
unset "PID[kms]"
ms=$((($(date +%s%N) - start_ns) / 1000000))
[ $ms -lt 5000 ] || fail "SIGTERM took $ms ms"
ok "SIGTERM ends it well and soon ($ms ms)"
finish
