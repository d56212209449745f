#!/bin/bash
# Size, header contracts, unfinished places, and paths of somebody's machine.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

mapfile -t sources < <(tree 'src/*.[ch]' 'sim/*.[ch]' 'tests/*.[ch]' 'contracts/src/*.sol' 'bench/*.[ch]')
for f in "${sources[@]}"; do
    lines=$(wc -l <"$f")
    [ "$lines" -le 700 ] || finding "$f: $lines lines; the limit is 700"
done

# A header is a contract: its first line says what it is, and the comment names the room.
mapfile -t headers < <(tree 'src/*.h' 'sim/*.h')
for f in "${headers[@]}"; do
    room=$(cut -d/ -f2 <<<"$f")
    [[ $f != sim/* ]] || room=sim
    head -n 1 "$f" | grep -qE '^/\* [A-Za-z0-9_]+ - ' || finding "$f:1: does not begin with '/* name - what it is'"
    sed -n '1,/\*\//p' "$f" | tr -s '\n* ' ' ' | grep -q "Room: $room\b" || finding "$f:1: the first comment does not say 'Room: $room'"
    grep -q '^#pragma once$' "$f" || finding "$f: no #pragma once"
done

mapfile -t all < <(tree ':!tests/lint/*' ':!contracts/package-lock.json' ':!tests/vectors/*' ':!tests/fuzz/corpus/*')
findings_of "unfinished" < <(grep -nIE '\b(TODO|FIXME|XXX|stub|unimplemented)\b|[Nn]ot implemented' "${all[@]}" /dev/null)
findings_of "a path of one machine" < <(grep -nIE '(^|[^A-Za-z0-9_.])/(work|farm)/|/tmp/team' "${all[@]}" /dev/null)
mapfile -t c_files < <(tree 'src/*.[ch]' 'sim/*.[ch]' 'tests/*.[ch]')
findings_of "a line comment; ours are /* */" < <(grep -nE '^[[:space:]]*//' "${c_files[@]}" /dev/null)
finish
