# SPDX-License-Identifier: GPL-2.0
"""Datagram endpoints of Python's asyncio, and its calls for sockets."""

import asyncio
import contextlib
import errno
import socket

PATIENCE = 30


class Endpoint(asyncio.DatagramProtocol):
    """Puts what happens into queues; echoes if told so."""

    def __init__(self, echo=False):
        self.echo = echo
        self.arrived, self.errors = asyncio.Queue(), asyncio.Queue()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.arrived.put_nowait((data, addr[:2]))
        if self.echo:
            self.transport.sendto(data, addr)

    def error_received(self, exc):
        self.errors.put_nowait(exc)

    def connection_lost(self, exc):
        self.lost.set_result(exc)


@contextlib.asynccontextmanager
async def endpoint(echo=False, **options):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Endpoint(echo), **options)
    try:
        yield transport, protocol
    finally:
        transport.close()
        assert await protocol.lost is None


def name(transport):
    return transport.get_extra_info("sockname")[:2]


async def echoed(address):
    async with endpoint(True, local_addr=(address, 0)) as (server, _), \
            endpoint(remote_addr=name(server)) as (client, protocol):
        assert client.get_extra_info("peername")[:2] == name(server)
        for data in b"one", b"two", bytes(60000):
            client.sendto(data)
            assert await protocol.arrived.get() == (data, name(server))
        # an empty one is not sent by every version of asyncio, so none is tried


async def unconnected(address):
    async with endpoint(local_addr=(address, 0)) as (one, first), \
            endpoint(local_addr=(address, 0)) as (two, second):
        one.sendto(b"there", name(two))
        assert await second.arrived.get() == (b"there", name(one))
        two.sendto(b"back", name(one))
        assert await first.arrived.get() == (b"back", name(two))


async def refused(address):
    async with endpoint(remote_addr=(address, 9)) as (client, protocol):
        client.sendto(b"nobody")
        assert (await protocol.errors.get()).errno == errno.ECONNREFUSED


async def reuse_port(address):
    async with endpoint(local_addr=(address, 7000), reuse_port=True) as (_, first), \
            endpoint(local_addr=(address, 7000), reuse_port=True) as (_, second):
        for _ in range(32):
            async with endpoint(remote_addr=(address, 7000)) as (client, _):
                client.sendto(b"one of two")
        while first.arrived.qsize() + second.arrived.qsize() < 32:
            await asyncio.sleep(0.01)


async def taken(address):
    async with endpoint(local_addr=(address, 0)) as (server, _):
        try:
            async with endpoint(local_addr=name(server)):
                raise AssertionError("two have one port")
        except OSError as error:
            assert error.errno == errno.EADDRINUSE


async def own_socket(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    mine = socket.socket(family, socket.SOCK_DGRAM)
    mine.bind((address, 0))
    async with endpoint(True, sock=mine) as (server, _), \
            endpoint(remote_addr=name(server)) as (client, protocol):
        client.sendto(b"to a socket")
        assert (await protocol.arrived.get())[0] == b"to a socket"


async def flow_control(address):
    """More than the kernel takes at once: all of it is sent in the end."""
    async with endpoint(local_addr=(address, 0)) as (server, receiver):
        server.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        async with endpoint(remote_addr=name(server)) as (client, _):
            for number in range(50):
                client.sendto(b"%d" % number)
            for number in range(50):
                assert (await receiver.arrived.get())[0] == b"%d" % number


async def plain_sockets(address):
    """sock_sendto, sock_recvfrom and sock_recvfrom_into"""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one, \
            socket.socket(family, socket.SOCK_DGRAM) as two:
        for each in one, two:
            each.setblocking(False)
            each.bind((address, 0))
        waiting = asyncio.create_task(loop.sock_recvfrom(two, 100))
        await loop.sock_sendto(one, b"there", two.getsockname())
        data, sender = await waiting
        assert (data, sender) == (b"there", one.getsockname())
        await loop.sock_sendto(two, b"back", sender)
        buffer = bytearray(100)
        count, _ = await loop.sock_recvfrom_into(one, buffer)
        assert buffer[:count] == b"back"


async def broadcast():
    async with endpoint(local_addr=("0.0.0.0", 7001)) as (_, receiver), \
            endpoint(local_addr=("0.0.0.0", 0), allow_broadcast=True) as (sender, _):
        sender.sendto(b"to all", ("192.0.2.255", 7001))
        assert (await receiver.arrived.get())[0] == b"to all"


async def main():
    count = 0
    for address in "127.0.0.1", "::1":
        for check in (echoed, unconnected, refused, reuse_port, taken, own_socket,
                      flow_control, plain_sockets):
            await asyncio.wait_for(check(address), PATIENCE)
            count += 1
    await asyncio.wait_for(broadcast(), PATIENCE)
    print(f"{count + 1} checks passed")


asyncio.run(main())
