#!/bin/bash
# Line coverage of every parser named in tests/lint/parsers.txt, from the run that build-cov just made.
# One line a file; below the bound is a failure.
set -euo pipefail
ROOT=${ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
bound=90
passed=0 failed=0

gcovr -r "$ROOT" --object-directory "$ROOT/build-cov" --filter "$ROOT/src/" --csv \
    -o "$ROOT/build-cov/coverage.csv" "$ROOT/build-cov" 2>"$ROOT/build-cov/gcovr.log" || {
    cat "$ROOT/build-cov/gcovr.log" >&2
    exit 1
}
while read -r file _; do
    # filename,line_total,line_covered,line_percent,...
    percent=$(awk -F, -v f="$file" '$1 == f && $2 > 0 { printf "%d", 100 * $3 / $2 }' \
        "$ROOT/build-cov/coverage.csv")
    if [ "${percent:-0}" -ge $bound ]; then
        passed=$((passed + 1)) mark=ok
    else
        failed=$((failed + 1)) mark="BELOW $bound"
    fi
    printf '%-36s %3s %%  %s\n' "$file" "${percent:-0}" "$mark"
done < <(grep -vE '^(#|$)' "$ROOT/tests/lint/parsers.txt")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
