#!/bin/bash
# Every parser has a fuzz target with seeds.  parsers.txt is the table: `FILE TARGET`, sorted; its files
# are also those whose line coverage must be high.  A public function named *_parse or *_decode whose
# file is not in the table is a finding.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
table=$LINT_DIR/parsers.txt

while read -r file target; do
    [ -f "$file" ] || finding "$table: $file does not exist"
    source=$(tree "tests/fuzz/*/fuzz_$target.c")
    [ -n "$source" ] || finding "$table: $file: no tests/fuzz/ROOM/fuzz_$target.c"
    grep -qsE "^ +'$target',$" "$(dirname "${source:-none}")/meson.build" ||
        finding "$table: $file: the build does not list the fuzz target $target"
    [ -n "$(tree "tests/fuzz/corpus/$target/*")" ] || finding "$table: $file: no seeds in tests/fuzz/corpus/$target"
done < <(grep -vE '^(#|$)' "$table")

mapfile -t headers < <(tree 'src/*.h')
while IFS=: read -r header line name; do
    file=$(grep -lE "^[a-z].*\b$name\(" "${header%.h}.c" "$(dirname "$header")"/*.c 2>/dev/null | head -n 1)
    grep -qE "^${file:-none} " "$table" || finding "$header:$line: $name: ${file:-its file} is not in $table"
done < <(code_of "${headers[@]}" | sed -nE 's/^([^:]+:[0-9]+):.*\b([a-z0-9_]+_(parse|decode))\(.*/\1:\2/p')
finish
