// SPDX-License-Identifier: GPL-2.0
'use strict';
// bind in all its forms, bindSync, address, the event listening
const { area, assert, comes, dgram, fails, once, send, sleep } = require('./common.js');
const { spawn } = require('node:child_process');

const HANDS_OVER = `
import os, socket, sys
kind, address, port, node, script = sys.argv[1:]
one = socket.socket(socket.AF_INET if kind == "udp4" else socket.AF_INET6, socket.SOCK_DGRAM)
one.bind((address, int(port)))
os.dup2(one.fileno(), 9)
os.execv(node, [node, script, "child", kind])
`;

async function free(net, port) {
  const socket = net.socket();
  try {
    socket.bindSync({ port, address: net.lo });
    return true;
  } catch (error) {
    assert.equal(error.code, 'EADDRINUSE');
    return false;
  } finally {
    socket.close();
  }
}

async function works(net, socket, address = net.lo) {
  await comes(socket, 'hello', () => send(net.socket(), 'hello', socket.address().port, address));
}

// The other process, for bind({ fd }): echoes one datagram
if (process.argv[2] === 'child') {
  const socket = dgram.createSocket(process.argv[3]);
  socket.bind({ fd: 9 });
  socket.on('message', (data, from) => {
    socket.send(data, from.port, from.address, () => socket.close());
  });
} else {
  area({
    async 'bind()'(net) {
      const socket = net.socket();
      assert.equal(socket.bind(), socket);
      await once(socket, 'listening');
      const { address, family, port } = socket.address();
      assert.deepEqual([address, family, port > 0], [net.any, net.family, true]);
      await works(net, socket);
    },

    async 'bind(callback)'(net) {
      const socket = net.socket();
      await new Promise((resolve) => socket.bind(resolve));
      await works(net, socket);
    },

    async 'bind(port)'(net) {
      const socket = net.socket();
      socket.bind(5001);
      await once(socket, 'listening');
      assert.equal(socket.address().port, 5001);
      await works(net, socket);
    },

    async 'bind(port, callback)'(net) {
      const socket = net.socket();
      await new Promise((resolve) => socket.bind(5002, resolve));
      assert.equal(socket.address().port, 5002);
    },

    async 'bind(port, address)'(net) {
      const socket = net.socket();
      socket.bind(5003, net.own);
      await once(socket, 'listening');
      assert.deepEqual(socket.address(),
                       { address: net.own, family: net.family, port: 5003 });
      await works(net, socket, net.own);
    },

    async 'bind(port, address, callback)'(net) {
      const socket = net.socket();
      await new Promise((resolve) => socket.bind(5004, net.lo, resolve));
      await works(net, socket);
    },

    async 'bind({ port, address, exclusive }, callback)'(net) {
      const socket = net.socket();
      await new Promise((resolve) =>
        socket.bind({ port: 5005, address: net.lo, exclusive: true }, resolve));
      assert.equal(socket.address().port, 5005);
      await works(net, socket);
    },

    async 'bind({ fd })'(net) {
      // a bound socket is handed to another process, which opens it by number
      const port = 5007;
      const child = spawn('python3', ['-c', HANDS_OVER, net.type, net.lo, port,
                                      process.execPath, __filename], { stdio: 'inherit' });
      const ended = once(child, 'exit');
      while (await free(net, port))
        await sleep(50);
      const client = await net.bound();
      const from = await comes(client, 'by number', () =>
        send(client, 'by number', port, net.lo));
      assert.equal(from.port, port);
      assert.deepEqual(await ended, [0, null]);
    },

    async 'bind({ fd }) of something else'(net) {
      assert.throws(() => net.socket().bind({ fd: 1 }), { code: 'ERR_INVALID_FD_TYPE' });
    },

    async 'bindSync'(net) {
      const socket = net.socket();
      const where = socket.bindSync({ port: 5006, address: net.lo });
      assert.deepEqual(where, { address: net.lo, family: net.family, port: 5006 });
      await once(socket, 'listening');
      await works(net, socket);
      assert.throws(() => net.socket().bindSync({ port: 5006, address: net.lo }),
                    { code: 'EADDRINUSE' });
    },

    async 'twice'(net) {
      const socket = await net.bound();
      assert.throws(() => socket.bind(), { code: 'ERR_SOCKET_ALREADY_BOUND' });
    },

    async 'a port that is taken'(net) {
      const { port } = (await net.bound()).address();
      const second = net.socket();
      second.bind(port, net.lo);
      await fails(second, 'EADDRINUSE');
    },

    async 'an address of others'(net) {
      const socket = net.socket();
      socket.bind(0, net.other);
      await fails(socket, 'EADDRNOTAVAIL');
    },
  });
}
