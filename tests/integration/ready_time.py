#!/usr/bin/env python3
"""Milliseconds from the start of a command to 200 on /readyz of its admin socket; then ends it.

Usage: ready_time.py SOCKET COMMAND..."""
import os
import socket
import subprocess
import sys
import time

path, command = sys.argv[1], sys.argv[2:]
try:
    os.unlink(path)
except FileNotFoundError:
    pass
started = time.monotonic()
process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
ready = False
while not ready and time.monotonic() - started < 10 and process.poll() is None:
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            s.sendall(b"GET /readyz HTTP/1.1\r\nHost: kms\r\nConnection: close\r\n\r\n")
            ready = s.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        pass
    if not ready:
        time.sleep(0.001)
ms = int((time.monotonic() - started) * 1000)
process.terminate()
process.wait()
if not ready:
    sys.exit("not ready")
print(ms)
