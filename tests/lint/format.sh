#!/bin/bash
# .clang-format is the arbiter.  clang-format -i mends.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

tool=$(command -v clang-format-14 || command -v clang-format) || {
    echo "clang-format-14 is missing; ./dev setup installs it"
    exit 1
}
mapfile -t files < <(tree 'src/*.[ch]' 'sim/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]')
for f in "${files[@]}"; do
    "$tool" --dry-run -Werror "$f" 2>/dev/null || finding "$f: run $(basename "$tool") -i on it"
done
finish
