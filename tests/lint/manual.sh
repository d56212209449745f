#!/bin/bash
# The manual page says what the program says of itself.  Looks at the binary of TEEREG_BUILD.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || finding "python3 is missing: ./dev setup installs it"
said=$("$(dirname "$0")/../../tools/manpage" --check 2>&1) || finding "$said"
finish
