#!/usr/bin/env python3
"""slow.py HOST:PORT N: N clients that send half of a request's head and then wait, until killed.

Says "waiting" once all of them are connected.
"""
import signal
import socket
import ssl
import sys

host, port = sys.argv[1].rsplit(":", 1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
clients = []
for _ in range(int(sys.argv[2])):
    client = context.wrap_socket(socket.create_connection((host, int(port))))
    client.sendall(b"GET /livez HTTP/1.1\r\nHost: kms\r\nX-Half: ")
    clients.append(client)
print("waiting", flush=True)
signal.pause()
