#!/bin/bash
# docs/GOVERNANCE.md says for each function of the contracts which command covers it: none is missing, none is
# invented, and each command that it names exists.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
page=docs/GOVERNANCE.md
said=$(python3 - "$page" contracts/artifacts/{KMS,Registry}.json <<'END'
import json, re, sys
page, *artifacts = sys.argv[1:]
there = {x["name"] for a in artifacts for x in json.load(open(a))["abi"] if x["type"] == "function"}
rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", open(page).read(), re.M))
table = open("src/cli/gov.c").read()
for name in sorted(there - rows.keys()):
    print(f"{page}: no row for {name}")
for name in sorted(rows.keys() - there):
    print(f"{page}: {name} is no function of the contracts")
for name, cell in rows.items():
    for verb in re.findall(r"`teereg gov ([a-z -]+)`", cell):
        if f'{{"{verb}", ' not in table:
            print(f"{page}: {name}: no command `teereg gov {verb}`")
END
) || finding "python3: $said"
while read -r line; do
    [ -z "$line" ] || finding "$line"
done <<<"$said"
finish
