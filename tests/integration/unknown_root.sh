#!/bin/bash
# SR-01 in part: evidence under a root that nobody compiled in is worth nothing, on either side.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
system_platform stranger orders --fault root-unknown
refused "an instance on a platform of an unknown root is refused" 3 'KMS .*request' \
    teereg instance provision --attester "${PLATFORM[stranger]}" --out "$WORK/none"
logged "the KMS's log says that it is the chain of certificates" kms 'PCK_CHAIN'

stop kms
stop platform-kms
system_platform kms teereg-kms --fault root-unknown
refused "a KMS on such a platform does not start" 5 'PCK_CHAIN' kms_serve
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"
finish
