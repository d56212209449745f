#!/bin/bash
# SR-06, SR-07: evidence counts only for the key, challenge, chain, KMS, application and payload that
# it was made for.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
probe plain
grep -qx 'plain: released' "$WORK/probe" || fail "$(cat "$WORK/probe")"
ok "a request as it should be is served"
probe_refused other-key report-data-mismatch "evidence for another key is refused"
probe_refused old-evidence report-data-mismatch "old evidence under a new challenge is refused"
probe_refused other-recipient report-data-mismatch "another recipient of the answer is refused"
probe_refused other-kms report-data-mismatch "evidence for another KMS is refused"
probe_refused other-chain report-data-mismatch "evidence for another chain is refused"
probe_refused other-app report-data-mismatch "evidence for another application is refused"
probe_refused other-purpose report-data-mismatch "evidence for another purpose is refused"
[ "$(releases)" = 1 ] || fail "found $(releases) releases, expected 1"
ok "only the right request is a release in the audit log"
finish
