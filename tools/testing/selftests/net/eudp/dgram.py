#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Programs for the shell tests, on UDP (17) or eudp (253).

ask and send take addresses of IPv6 too.

usage: dgram.py echo PROTOCOL ADDRESS PORT       says that it has the port, then answers
                                                 until it is killed
       dgram.py ask PROTOCOL ADDRESS PORT SIZE...
                                                 sends, and compares the answers
       dgram.py send PROTOCOL ADDRESS PORT MTU_DISCOVER SIZE...
                                                 sends to a peer, and says what
                                                 each gave, then IP_MTU; without
                                                 the peer if connect() fails
       dgram.py hold PROTOCOL ADDRESS PORT COUNT keeps sockets with datagrams that
                                                 nobody reads until it is killed
       dgram.py pour PROTOCOL ADDRESS PORT       sends to a peer until it is killed
       dgram.py raw ADDRESS                      sends datagrams of eudp from a raw
                                                 socket until it is killed
"""

import errno
import random
import socket
import struct
import sys
import time

# of linux/in.h
IP_MTU_DISCOVER = 10
IP_MTU = 14


def dgram(protocol, address=""):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM, int(protocol))


def echo(protocol, address, port):
    server = dgram(protocol)
    server.bind((address, int(port)))
    print("bound", flush=True)
    while True:
        data, peer = server.recvfrom(65536)
        server.sendto(data, peer)


def ask(protocol, address, port, *sizes):
    client = dgram(protocol, address)
    client.settimeout(10)
    client.connect((address, int(port)))
    for size in map(int, sizes):
        data = random.Random(size).randbytes(size)
        client.send(data)
        if client.recv(65536) != data:
            sys.exit(f"{size} bytes came back changed")


def hold(protocol, address, port, count):
    held = []
    for i in range(int(count)):
        sock = dgram(protocol)
        sock.bind((address, int(port) + i))
        for size in (0, 1, 1000, *[20000] * 5):
            sock.sendto(bytes(size), (address, int(port) + i))
        held.append(sock)
    print("held", flush=True)
    while True:
        time.sleep(1000)


def pour(protocol, address, port):
    client = dgram(protocol)
    client.connect((address, int(port)))
    while True:
        try:
            client.send(bytes(500))
        except OSError:
            pass
        time.sleep(0.001)


def outcome(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]


def send(protocol, address, port, mtu_discover, *sizes):
    client, to = dgram(protocol, address), (address, int(port))
    client.setsockopt(socket.SOL_IP, IP_MTU_DISCOVER, int(mtu_discover))
    refused = outcome(client.connect, to)
    said = ["connect", refused] if refused else []
    for size in map(int, sizes):
        call = (client.sendto, bytes(size), to) if refused else (client.send, bytes(size))
        said.append(outcome(*call))
    if not refused:
        said += ["mtu", client.getsockopt(socket.SOL_IP, IP_MTU)]
    print(*said)


def raw(address):
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
    while True:
        for length in (0, 7, 8, 16, 100, 65535):
            sender.sendto(struct.pack("!HHHH8x", 9, 9, length, 0), (address, 0))
        time.sleep(0.001)


VERBS = {verb.__name__: verb for verb in (echo, ask, send, hold, pour, raw)}
VERBS[sys.argv[1]](*sys.argv[2:])
