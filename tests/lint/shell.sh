#!/bin/bash
# Every shell script passes shellcheck.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

command -v shellcheck >/dev/null || {
    echo "shellcheck is missing; ./dev setup installs it"
    exit 1
}
mapfile -t scripts < <(tree | while read -r f; do
    case $f in
    *.sh) echo "$f" ;;
    *.*) ;;
    *) head -c 32 "$f" | grep -qaE '^#!.*\b(ba)?sh\b' && echo "$f" ;;
    esac
done)
findings_of "shellcheck" < <(shellcheck -x -S warning -f gcc "${scripts[@]}")
finish
