#!/bin/bash
# SR-07: a challenge is good once, for its purpose and application, and only if this KMS made it.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
probe plain
grep -qx 'plain: released' "$WORK/probe" || fail "$(cat "$WORK/probe")"
ok "a request as it should be is served"
probe_refused replayed challenge-spent "the same request again is refused"
probe_refused forged-challenge challenge-forged "a challenge with one bit changed is refused"
probe_refused random-challenge challenge-forged "a challenge that nobody made is refused"
probe_refused challenge-of-other-app challenge-forged "a challenge of another application is refused"
probe_refused challenge-of-other-purpose challenge-forged "a challenge for another purpose is refused"
[ "$(releases)" = 2 ] || fail "found $(releases) releases, expected 2"
ok "only the right requests are releases in the audit log"
finish
