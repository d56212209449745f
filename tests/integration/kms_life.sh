#!/bin/bash
# SR-72: what a KMS needs before it serves, what systemd hears of it, and how it ends; what /readyz
# follows while it serves is ready.sh.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_chain
system_platform kms teereg-kms
system_contracts
system_kms_allow
teereg kms root-key --out "$WORK/root.key" >/dev/null

# serve KMS RPC CHAIN_ID ATTESTER SOCKET AUDIT [OPTION...]
serve() {
    teereg kms serve --kms "$1" --rpc "$2" --chain-id "$3" --attester "$4" --admin "$WORK/$5" --audit "$WORK/$6" \
        --listen 127.0.0.1:0 --slot-ms 100 "${@:7}"
}
platform=${PLATFORM[kms]}
root=(--root-key-file "$WORK/root.key")

# ---- no start without all of it ----

refused "another chain than the configured one: no start" 5 'chain id: found 31337 .*expected 1' \
    serve "$TEEREG_KMS" "$TEEREG_RPC" 1 "$platform" kms.sock none.log "${root[@]}"
refused "no node: no start" 6 'connect|refused' \
    serve "$TEEREG_KMS" http://127.0.0.1:9 31337 "$platform" kms.sock none.log "${root[@]}"
refused "no platform: no start" 6 'attest' \
    serve "$TEEREG_KMS" "$TEEREG_RPC" 31337 http://127.0.0.1:9 kms.sock none.log "${root[@]}"
refused "no contract at that address: no start" 4 'governance' \
    serve 0x00000000000000000000000000000000000000aa "$TEEREG_RPC" 31337 "$platform" kms.sock none.log "${root[@]}"
chmod 644 "$WORK/root.key"
refused "a root key that others may read: no start, and the command that mends it" 3 \
    'chmod 600' serve "$TEEREG_KMS" "$TEEREG_RPC" 31337 "$platform" kms.sock none.log "${root[@]}"
chmod 600 "$WORK/root.key"
refused "a root key given twice: no start" 2 'give one of them' \
    serve "$TEEREG_KMS" "$TEEREG_RPC" 31337 "$platform" kms.sock none.log "${root[@]}" --root-key-fd 0
echo "v2 00" >"$WORK/short.key" && chmod 600 "$WORK/short.key"
refused "a root key that is none: no start" 1 'root' \
    serve "$TEEREG_KMS" "$TEEREG_RPC" 31337 "$platform" kms.sock none.log --root-key-file "$WORK/short.key"
[ ! -S "$WORK/kms.sock" ] || fail "a socket of a KMS that did not start"
ok "a KMS that does not start leaves no socket"

# ---- a start, as systemd sees it ----

start notify python3 "$ROOT/tests/integration/notify.py" "$WORK/notify.sock"
wait_line notify bound >/dev/null
export NOTIFY_SOCKET=$WORK/notify.sock
system_kms_start
unset NOTIFY_SOCKET
wait_line notify 'READY=1' >/dev/null
ok "systemd is told that it serves"
[ "$(curl -sk -o /dev/null -w '%{http_code}' "$TEEREG_KMS_URL/readyz")" = 503 ] || fail "ready without a committed root"
ok "it is not ready before its root is committed"
says "and says why" 'why_not +no root is committed' teereg kms status --admin "$WORK/kms.sock"
system_kms_commit
eventually "it is ready once the root is committed" 5 curl -skf "$TEEREG_KMS_URL/readyz"
wait_line notify 'STATUS=ready' >/dev/null
ok "systemd is told that, too"

refused "a second KMS on the same audit log does not start" 6 'audit log' \
    serve "$TEEREG_KMS" "$TEEREG_RPC" 31337 "$platform" second.sock audit.log "${root[@]}"

# ---- the end ----

pid=${PID[kms]}
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
unset 'PID[kms]'
[ $code = 0 ] || fail "SIGTERM: exit code $code, $(tail -n 3 "$WORK/log/kms")"
ok "SIGTERM ends it, with exit code 0"
wait_line notify 'STOPPING=1' >/dev/null
ok "systemd is told"
says "the audit log is whole after that" 'intact +true' teereg audit verify "$WORK/audit.log"

# ---- from start to ready ----

best=1000
for _ in 1 2 3 4 5; do
    best_of=$("$ROOT/tests/integration/ready_time.py" "$WORK/kms.sock" "$BUILD/teereg" kms serve \
        --attester "${PLATFORM[kms]}" --slot-ms 100 --listen 127.0.0.1:0 --admin "$WORK/kms.sock" \
        --audit "$WORK/audit.log" --root-key-file "$WORK/root.key")
    [ "$best_of" -ge "$best" ] || best=$best_of
done
[ "$best" -lt 100 ] || fail "from start to ready: $best ms at best, expected less than 100"
ok "from start to ready in $best ms"
finish
