#!/bin/bash
# SR-02: a TD that its host may look into gets nothing, and nobody talks to a KMS in one.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
system_platform debug orders --fault td-debug
refused "an instance in a DEBUG TD is refused" 3 'KMS .*request' \
    teereg instance provision --attester "${PLATFORM[debug]}" --out "$WORK/none"
logged "the KMS's log says that it is because of DEBUG" kms 'TD_DEBUG'
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"

for fault in td-profiled td-migratable td-no-sept-ve xfam-unknown seam-signer quote-sig qe-sig \
    qe-hash leaf-expired; do
    probe "fault:$fault"
    grep -q "^fault:$fault: refused: KMS" "$WORK/probe" || fail "$(cat "$WORK/probe")"
    ok "a quote with $fault is refused"
done

stop kms
stop platform-kms
system_platform kms teereg-kms --fault td-debug
refused "a KMS in a DEBUG TD does not start" 3 'TD_DEBUG' kms_serve
[ "$(releases)" = 0 ] || fail "something was released"
ok "nothing was released"
finish
