// SPDX-License-Identifier: GPL-2.0
'use strict';
// setBroadcast, setTTL, the sizes of buffers, the send queue
const { area, assert, comes, once, send } = require('./common.js');

area({
  async 'setBroadcast'(net) {
    const receiver = await net.bound({}, { address: net.any });
    const sender = await net.bound({}, { address: net.any });
    if (net.type === 'udp6') {
      sender.setBroadcast(true);        // has no effect
      return;
    }
    const { port } = receiver.address();
    await assert.rejects(send(sender, 'hello', port, '192.0.2.255'), { code: 'EACCES' });
    sender.setBroadcast(true);
    await comes(receiver, 'hello', () => send(sender, 'hello', port, '192.0.2.255'));
    sender.setBroadcast(false);
    await assert.rejects(send(sender, 'hello', port, '192.0.2.255'), { code: 'EACCES' });
  },

  async 'setTTL'(net) {
    const receiver = await net.bound();
    const sender = await net.bound();
    for (const ttl of [1, 64, 255]) {
      assert.equal(sender.setTTL(ttl), ttl);
      await comes(receiver, `ttl ${ttl}`, () =>
        send(sender, `ttl ${ttl}`, receiver.address().port, net.lo));
    }
    for (const ttl of [0, 256])
      assert.throws(() => sender.setTTL(ttl), { code: 'EINVAL' });
  },

  async 'setRecvBufferSize, getRecvBufferSize'(net) {
    const socket = await net.bound();
    assert.ok(socket.getRecvBufferSize() > 0);
    socket.setRecvBufferSize(30000);
    assert.equal(socket.getRecvBufferSize(), 60000);
    assert.throws(() => socket.setRecvBufferSize('x'), { code: 'ERR_SOCKET_BAD_BUFFER_SIZE' });
  },

  async 'setSendBufferSize, getSendBufferSize'(net) {
    const socket = await net.bound();
    assert.ok(socket.getSendBufferSize() > 0);
    socket.setSendBufferSize(15000);
    assert.equal(socket.getSendBufferSize(), 30000);
  },

  async 'sizes of one that is not bound'(net) {
    for (const name of ['getRecvBufferSize', 'getSendBufferSize'])
      assert.throws(() => net.socket()[name](), { code: 'ERR_SOCKET_BUFFER_SIZE' });
  },

  async 'getSendQueueSize, getSendQueueCount'(net) {
    const socket = await net.bound({}, { address: net.any });
    assert.deepEqual([socket.getSendQueueSize(), socket.getSendQueueCount()], [0, 0]);
    // While nobody says who has that address the kernel keeps what is sent to
    // it, and soon takes no more.
    socket.setSendBufferSize(1);
    socket.on('error', () => {});
    for (let i = 0; i < 20; i++)
      socket.send(Buffer.alloc(1000), 7, net.silent, () => {});
    await new Promise((resolve) => setImmediate(resolve));
    const count = socket.getSendQueueCount();
    assert.ok(count > 0 && count < 20, `${count} in the queue`);
    assert.equal(socket.getSendQueueSize(), 1000 * count);
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  },
});
