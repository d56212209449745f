# shellcheck shell=bash
# Where the tools of this folder are kept: outside the tree, one folder for each lock file.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TEEREG_CACHE=${TEEREG_CACHE:-$HOME/.cache/teereg}
TOOLS=$TEEREG_CACHE/contracts-$(sha256sum "$here/package-lock.json" | cut -c1-16)
MODULES=$TOOLS/node_modules

# have_tools: is everything there?
have_tools() { [ -f "$TOOLS/complete" ]; }

need_tools() { have_tools || "$here/fetch-tools"; }

# tool NAME: path of a program of Foundry.
tool() { printf '%s\n' "$MODULES/@foundry-rs/$1-linux-amd64/bin/$1"; }
