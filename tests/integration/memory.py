#!/usr/bin/env python3
"""Where a secret lies in a running process.

memory.py PID HEX: prints, for each mapping that holds these bytes, its flags and name; exit code 1
when one of them could reach a disk (neither locked nor left out of dumps), 3 when nothing holds them.
"""
import re
import sys


def mappings(pid):
    """(start, end, name, flags) of each readable mapping."""
    found, current = [], None
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
        for line in f:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
            if head:
                current = (int(head[1], 16), int(head[2], 16), head[3], head[4].strip())
            elif line.startswith("VmFlags:") and current and "r" in current[2]:
                found.append((current[0], current[1], current[3], line.split()[1:]))
    return found


def main():
    pid, needle = sys.argv[1], bytes.fromhex(sys.argv[2])
    open_places, places = 0, 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name, flags in mappings(pid):
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            count = data.count(needle)
            if count:
                places += count
                safe = "lo" in flags and "dd" in flags
                open_places += 0 if safe else count
                print(f"{count} in {name or 'anonymous'}: {' '.join(flags)}{'' if safe else '  OPEN'}")
    sys.exit(1 if open_places else 0 if places else 3)


main()
