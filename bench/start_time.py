#!/usr/bin/env python3
"""Starts a command, prints {"ms": ...} from its start to its line that says "ready", ends it."""
import re
import subprocess
import sys
import time

start = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)
seen = []
for line in process.stdout:
    seen.append(line)
    if re.search(r"\bready\b", line):
        print('{"ms": %.1f}' % ((time.monotonic() - start) * 1000))
        break
else:
    sys.exit("not ready: " + "".join(seen[-5:]))
process.terminate()
process.wait(10)
