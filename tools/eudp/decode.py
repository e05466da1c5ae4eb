#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Decodes a packet of eudp from a capture of Ethernet, and verifies it.

usage: decode.py FILE [NUMBER]

FILE is what tcpdump -w wrote, NUMBER that of the packet in it, the first if
left out. tcpdump itself knows of eudp only that its IP protocol is 253. The
status is 1 if there is no such packet, or it is not a datagram of eudp over
IPv4, whole, with correct lengths and checksums.
"""

import struct
import sys
from ipaddress import IPv4Address

IPPROTO_EUDP = 253
ETHERNET = 1
ETHERTYPE_IPV4 = 0x0800
MORE_FRAGMENTS_OR_OFFSET = 0x3fff
BYTE_ORDERS = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}


class Wrong(Exception):
    """The packet is not what it should be."""


def check(right, otherwise):
    if not right:
        raise Wrong(otherwise)


def frames(data):
    """The packets in a capture file, each as bytes."""
    order = BYTE_ORDERS.get(data[:4])
    check(order and len(data) >= 24, "not a capture file of tcpdump")
    check(struct.unpack(order + "I", data[20:24])[0] == ETHERNET, "not of Ethernet")
    at = 24
    while at + 16 <= len(data):
        captured, length = struct.unpack(order + "II", data[at + 8:at + 16])
        check(captured == length, "the capture has only a part of a packet")
        yield data[at + 16:at + 16 + captured]
        at += 16 + captured


def ones_sum(data):
    """The sum of RFC 1071; 0xffff if data contains a correct checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def decode(frame):
    check(frame[12:14] == struct.pack("!H", ETHERTYPE_IPV4), "no IPv4")
    packet = frame[14:]
    check(len(packet) >= 20, "shorter than a header of IPv4")
    header = packet[:(packet[0] & 15) * 4]
    total, _, fragment = struct.unpack("!3H", packet[2:8])
    ttl, protocol = packet[8:10]
    check(protocol == IPPROTO_EUDP, f"IP protocol {protocol}, not {IPPROTO_EUDP}")
    check(not fragment & MORE_FRAGMENTS_OR_OFFSET, "a fragment")
    check(ones_sum(header) == 0xffff, "the checksum of IPv4 is wrong")
    check(len(header) + 8 <= total <= len(packet), f"the length in IPv4 is wrong: {total}")

    datagram = packet[len(header):total]
    source, destination, length, checksum = struct.unpack("!4H", datagram[:8])
    check(length == len(datagram), f"the length is wrong: {length}, not {len(datagram)}")
    pseudo = packet[12:20] + struct.pack("!2H", IPPROTO_EUDP, length)
    check(checksum, "there is no checksum")
    check(ones_sum(pseudo + datagram) == 0xffff, f"the checksum is wrong: {checksum:#06x}")

    print(f"IPv4: {IPv4Address(packet[12:16])} > {IPv4Address(packet[16:20])}, "
          f"protocol {protocol}, length {total}, ttl {ttl}")
    print(f"eudp: port {source} > {destination}, length {length} (8 + {length - 8}), "
          f"checksum {checksum:#06x} (correct)")
    print(f"data: {datagram[8:].decode(errors='replace')!r}")


def main():
    if not 2 <= len(sys.argv) <= 3:
        print("usage: decode.py FILE [NUMBER]", file=sys.stderr)
        return 2
    number = int(sys.argv[2]) if len(sys.argv) == 3 else 1
    try:
        with open(sys.argv[1], "rb") as capture:
            packets = list(frames(capture.read()))
        check(1 <= number <= len(packets), f"there is no packet {number}")
        decode(packets[number - 1])
    except (OSError, Wrong) as wrong:
        print(f"decode.py: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
