#!/bin/bash
# ./dev up keeps a system that can be used as it says, until it is told to end.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mkdir "$WORK/tmp"
TMPDIR=$WORK/tmp start up setsid "$ROOT/tools/up.sh"
env_file=$(wait_line up '^  \. ' 30 | sed 's/^  \. //')
(
    # shellcheck source=/dev/null
    . "$env_file"
    teereg instance provision --out "$WORK/orders" >"$WORK/said" 2>&1
) || fail "$(cat "$WORK/said")"
grep -q 'correct horse battery staple' "$WORK/orders/config" || fail "$(cat "$WORK/orders/config")"
ok "with its settings an instance is provisioned"
(
    # shellcheck source=/dev/null
    . "$env_file"
    teereg kms status >"$WORK/said" && teereg gov show app >>"$WORK/said"
) || fail "$(cat "$WORK/said")"
ok "what it says to type works"

session=${PID[up]}
kill -s TERM "$session"
wait "$session" || true
unset "PID[up]"
[ -z "$(ls -A "$WORK/tmp")" ] || fail "left behind: $(ls -A "$WORK/tmp")"
ok "at its end no file is left"
[ -z "$(ps -o pid=,args= -s "$session" | grep -v defunct)" ] || fail "$(ps -o args= -s "$session")"
ok "and no process"
finish
