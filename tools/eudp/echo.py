#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Echoes datagrams of eudp: an ordinary Python program, but for one number.

usage: echo.py ADDRESS PORT

Python makes addresses only for families it knows, so the socket is one of
AF_INET or AF_INET6 with the protocol of eudp. An empty datagram ends it, echoed
as well. ADDRESS may be ::, which is IPv4 too.
"""

import socket
import sys

IPPROTO_EUDP = 253


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: echo.py ADDRESS PORT")
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM, IPPROTO_EUDP) as server:
        server.bind((sys.argv[1], int(sys.argv[2])))
        data = True
        while data:
            data, peer = server.recvfrom(65535)
            server.sendto(data, peer)


if __name__ == "__main__":
    main()
