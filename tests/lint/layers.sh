#!/bin/bash
# The law of the rooms: a room includes only itself and the rooms above it.  The order is that of the
# table in docs/ARCHITECTURE.md, so that the document cannot rot; the build must have the same order.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

rooms=$(sed -nE 's/^\| `src\/([a-z]+)` .*/\1/p' docs/ARCHITECTURE.md)
built=$(sed -nE "/^rooms = /,/^\]/s/^ +'([a-z]+)',/\1/p" src/meson.build)
[ "$rooms" = "$built" ] || finding "docs/ARCHITECTURE.md and src/meson.build differ in the rooms or their order"
present=$(tree src | sed -nE 's,^src/([^/]+)/.*,\1,p' | sort -u)
[ "$present" = "$(echo "$rooms" | sort)" ] || finding "src/ has a folder that is no room, or the reverse"

allowed=
for room in $rooms; do
    allowed="$allowed $room"
    mapfile -t files < <(tree "src/$room/*.[ch]")
    while IFS=: read -r file line text; do
        to=$(sed -nE 's,.*#include "([^"/]+)(/.*)?".*,\1,p' <<<"$text")
        case " $allowed " in
        *" $to "*) ;;
        *) finding "$file:$line: room $room may not include $to (allowed:$allowed)" ;;
        esac
    done < <(code_of "${files[@]}" | grep -E ':#include "')
done
finish
