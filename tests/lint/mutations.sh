#!/bin/bash
# Every mutation applies to the tree as it is: one that does not proves nothing.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
while read -r patch; do
    git apply --check "$patch" 2>/dev/null || finding "$patch: does not apply; make it again from the code as it is"
done < <(tree 'tests/mutations/*.patch')
finish
