#!/bin/bash
# The demo does what it tells, soon, and leaves nothing behind.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mkdir "$WORK/tmp"
start_ns=$(date +%s%N)
TMPDIR=$WORK/tmp setsid "$ROOT/tools/demo.sh" >"$WORK/story" 2>"$WORK/errors" </dev/null &
demo=$!
wait "$demo" || {
    cat "$WORK/story" "$WORK/errors" >&2
    fail "the demo failed"
}
ms=$((($(date +%s%N) - start_ns) / 1000000))
ok "the demo succeeds"
[ $ms -lt 10000 ] || fail "it took $ms ms"
ok "it takes less than 10 s ($ms ms)"
grep -q 'correct horse battery staple' "$WORK/story" || fail "no secret in the configuration"
ok "it shows the resolved configuration with the secret"
tail -n 30 "$WORK/story" | grep -qE 'rtmr1' || fail "no field named"
tail -n 30 "$WORK/story" | grep -qE 'teereg gov set-config' || fail "no command named"
ok "it shows a refusal that names the field and the command"
grep -q 'SIMULATED' "$WORK/story" || fail "it does not say that it is simulated"
ok "it says that the platform is simulated"
[ -z "$(ls -A "$WORK/tmp")" ] || fail "left behind: $(ls -A "$WORK/tmp")"
ok "it leaves no file behind"
# All it started is of its own session.
[ -z "$(ps -o pid=,args= -s "$demo" | grep -v defunct)" ] || fail "left behind: $(ps -o args= -s "$demo")"
ok "it leaves no process behind"
finish
