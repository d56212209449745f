#!/bin/bash
# SR-44, SR-59, SR-66: secrets stay out of logs, arguments, environments, dumps and answers; callers who
# are refused learn a request id and nothing else.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
provision orders
provision orders
out=$WORK/instance-orders
password='correct horse battery staple'
read -r _ root_id master <"$WORK/root.key"
private=$(openssl pkey -in "$out/key.pem" -noout -text | awk '/^priv:/ { p = 1; next } /^pub:/ { p = 0 } p' |
    tr -d ' :\n' | sed 's/^00//')
[ ${#master} = 64 ] && [ ${#private} = 64 ] || fail "root key file or private key of another form"
base64_of() { python3 -c 'import base64, sys; print(base64.b64encode(bytes.fromhex(sys.argv[1])).decode())' "$1"; }

# absent SENTENCE TEXT FILE...: not a line of them holds it.
absent() {
    local sentence=$1 text=$2
    shift 2
    if grep -rlF -- "$text" "$@"; then fail "$sentence: found in the files above"; fi
    ok "$sentence"
}
logs=("$WORK/log" "$WORK/audit.log")
grep -q "${root_id:0:16}" "${logs[@]}" -r || true
absent "no log holds the password" "$password" "${logs[@]}"
absent "no log holds the root key" "$master" "${logs[@]}"
absent "no log holds the root key in base64" "$(base64_of "$master" | cut -c1-40)" "${logs[@]}"
absent "no log holds the instance's private key" "$private" "${logs[@]}"
absent "no log holds a private key in PEM" 'PRIVATE KEY' "${logs[@]}"

pid=${PID[kms]}
# A process that may not be dumped belongs to root in /proc; with root's own nothing can be told apart.
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo -n)
"${sudo[@]}" cat "/proc/$pid/cmdline" | tr '\0' '\n' >"$WORK/cmdline"
"${sudo[@]}" cat "/proc/$pid/environ" | tr '\0' '\n' >"$WORK/environ"
absent "no argument or variable of the KMS holds the root key" "$master" "$WORK/cmdline" "$WORK/environ"
grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits" || fail "$(grep core "/proc/$pid/limits")"
ok "the KMS leaves no core behind"
if [ "$(id -u)" != 0 ]; then
    [ "$(stat -c %U "/proc/$pid/mem")" = root ] || fail "the KMS is dumpable"
    ok "the KMS is not dumpable"
fi
start careless python3 -c "import signal; kept = bytes.fromhex('$master'); print('up', flush=True); signal.pause()"
wait_line careless up >/dev/null
if "${sudo[@]}" "$ROOT/tests/integration/memory.py" "${PID[careless]}" "$master" >"$WORK/said"; then
    fail "memory.py finds nothing in a process that does not hide it"
fi
grep -q OPEN "$WORK/said" || fail "$(cat "$WORK/said")"
ok "a process that does not take care is found out"
"${sudo[@]}" "$ROOT/tests/integration/memory.py" "$pid" "$master" >"$WORK/said" || {
    cat "$WORK/said" >&2
    fail "memory.py: exit code $?"
}
ok "the root key lies in locked memory alone that no dump takes ($(wc -l <"$WORK/said") mapping)"

# SR-66: what a refused caller sees.
system_platform debug orders --fault td-debug
refused "a refusal names a request id" 3 'request [0-9a-f]{32}' \
    teereg instance provision --attester "${PLATFORM[debug]}" --out "$WORK/none"
id=$(grep -oE 'request [0-9a-f]{32}' "$WORK/said" | head -n 1 | cut -d' ' -f2)
grep -qE 'DEBUG|debug|quote' <(grep -v warning "$WORK/said" | grep -o 'KMS.*') &&
    fail "the KMS told why: $(cat "$WORK/said")"
ok "and does not say why"
logged "the KMS's log says why under that id" kms "$id.*TD_DEBUG|TD_DEBUG.*$id"
curl -sk "$TEEREG_KMS_URL/api/v2/pki/0x00000000000000000000000000000000000000ff" >"$WORK/said"
grep -qF "${TEEREG_RPC#http://}" "$WORK/said" && fail "an answer names the node: $(cat "$WORK/said")"
ok "answers do not name the node"
finish
