#!/usr/bin/env python3
"""A datagram socket as systemd has it: prints what it receives. Usage: notify.py PATH"""
import socket
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
