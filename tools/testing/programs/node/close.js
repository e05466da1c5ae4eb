// SPDX-License-Identifier: GPL-2.0
'use strict';
// close, asyncDispose, ref and unref, the event close
const { area, assert, comes, dgram, once, send } = require('./common.js');

area({
  async 'close()'(net) {
    const socket = await net.bound();
    const { port } = socket.address();
    const closed = once(socket, 'close');
    assert.equal(socket.close(), socket);
    await closed;
    for (const action of ['close', 'address', 'remoteAddress'])
      assert.throws(() => socket[action](), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
    // the port is free again
    await net.bound({}, { port });
  },

  async 'close(callback)'(net) {
    const socket = await net.bound();
    await new Promise((resolve) => socket.close(resolve));
  },

  async 'close before it is bound'(net) {
    await new Promise((resolve) => net.socket().close(resolve));
  },

  async 'close when something was sent'(net) {
    const server = await net.bound();
    const client = net.socket();
    await comes(server, 'the last', () => {
      client.send('the last', server.address().port, net.lo, () => client.close());
    });
  },

  async 'asyncDispose'(net) {
    const socket = await net.bound();
    const closed = once(socket, 'close');
    await socket[Symbol.asyncDispose]();
    await closed;
    assert.throws(() => socket.address(), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
    await socket[Symbol.asyncDispose]();
  },

  async 'ref and unref'(net) {
    const socket = await net.bound();
    assert.equal(socket.unref(), socket);
    assert.equal(socket.ref(), socket);
    await comes(socket, 'hello', () =>
      send(net.socket(), 'hello', socket.address().port, net.lo));
    // This one stays open. If it kept the process, that would not end in time.
    const left = dgram.createSocket(net.type);
    left.bind(0, net.lo);
    left.unref();
    await once(left, 'listening');
  },
});
