#!/bin/bash
# docs/THREATS.md names for each requirement the tests and mutations that there are, and each has one.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
findings_of "docs/THREATS.md" < <(python3 tools/threats --check 2>&1)
finish
