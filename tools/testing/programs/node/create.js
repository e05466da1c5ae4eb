// SPDX-License-Identifier: GPL-2.0
'use strict';
// createSocket: its two forms and its options
const { area, assert, comes, dgram, fails, message, nothing, once, send } =
  require('./common.js');
const { BlockList } = require('node:net');

area({
  async 'a type and a listener'(net) {
    const arrived = Promise.withResolvers();
    const server = dgram.createSocket(net.type, (data) => arrived.resolve(data));
    net.sockets.push(server);
    server.bind(0, net.lo);
    await once(server, 'listening');
    await send(net.socket(), 'hello', server.address().port, net.lo);
    assert.equal((await arrived.promise).toString(), 'hello');
  },

  async 'options and a listener'(net) {
    const arrived = Promise.withResolvers();
    const server = net.socket({}, (data, from) => arrived.resolve(from));
    server.bind(0, net.lo);
    await once(server, 'listening');
    const client = await net.bound();
    await send(client, 'hello', server.address().port, net.lo);
    assert.deepEqual(await arrived.promise,
                     { address: net.lo, family: net.family,
                       port: client.address().port, size: 5 });
  },

  async 'reuseAddr'(net) {
    const one = await net.bound({ reuseAddr: true }, { address: net.any });
    const { port } = one.address();
    const two = await net.bound({ reuseAddr: true }, { address: net.any, port });
    assert.equal(two.address().port, port);
    // the last one has what comes
    await comes(two, 'to the last', () => send(net.socket(), 'to the last', port, net.lo));
    const three = net.socket();
    three.bind(port, net.any);
    await fails(three, 'EADDRINUSE');
  },

  async 'reusePort'(net) {
    const one = await net.bound({ reusePort: true });
    const { port } = one.address();
    const two = await net.bound({ reusePort: true }, { port });
    let arrived = 0;
    const all = Promise.withResolvers();
    for (const member of [one, two])
      member.on('message', () => { if (++arrived === 32) all.resolve(); });
    for (let i = 0; i < 32; i++)
      await send(net.socket(), 'to one of them', port, net.lo);
    await all.promise;
    const three = net.socket();
    three.bind(port, net.lo);
    await fails(three, 'EADDRINUSE');
  },

  async 'ipv6Only'(net) {
    if (net.type === 'udp4') {
      const none = net.socket({ ipv6Only: true });
      none.bind();
      return fails(none, 'EINVAL');
    }
    const only = await net.bound({ ipv6Only: true }, { address: net.any });
    // the same port is free in IPv4
    const { port } = only.address();
    const four = dgram.createSocket('udp4');
    net.sockets.push(four);
    four.bind(port, '0.0.0.0');
    await once(four, 'listening');
    await comes(four, 'four', () => send(net.socket({ type: 'udp4' }), 'four', port));
    await comes(only, 'six', () => send(net.socket(), 'six', port));
  },

  async 'without ipv6Only'(net) {
    const both = await net.bound({}, { address: net.any });
    const { port } = both.address();
    const from = await comes(both, 'four', () =>
      send(net.socket({ type: 'udp4' }), 'four', port, '127.0.0.1'));
    assert.equal(from.address, net.type === 'udp4' ? '127.0.0.1' : '::ffff:127.0.0.1');
    const four = net.socket({ type: 'udp4' });
    four.bind(port);
    await fails(four, 'EADDRINUSE');
  },

  async 'recvBufferSize and sendBufferSize'(net) {
    const socket = await net.bound({ recvBufferSize: 20000, sendBufferSize: 10000 });
    // Linux doubles them
    assert.equal(socket.getRecvBufferSize(), 40000);
    assert.equal(socket.getSendBufferSize(), 20000);
  },

  async 'lookup'(net) {
    const asked = [];
    const lookup = (name, options, callback) => {
      asked.push(name);
      if (name === 'nobody.example')
        callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
      else
        callback(null, net.lo, net.type === 'udp4' ? 4 : 6);
    };
    const server = await net.bound();
    const client = net.socket({ lookup });
    await comes(server, 'by name', () =>
      send(client, 'by name', server.address().port, 'somebody.example'));
    assert.ok(asked.includes('somebody.example'));
    await assert.rejects(send(client, 'lost', 7, 'nobody.example'), { code: 'ENOTFOUND' });
  },

  async 'signal'(net) {
    const stop = new AbortController();
    const socket = await net.bound({ signal: stop.signal });
    const closed = once(socket, 'close');
    stop.abort();
    await closed;
    assert.throws(() => socket.address(), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
    await once(net.socket({ signal: AbortSignal.abort() }), 'close');
  },

  async 'receiveBlockList'(net) {
    const receiveBlockList = new BlockList();
    receiveBlockList.addAddress(net.own, net.type === 'udp4' ? 'ipv4' : 'ipv6');
    const server = await net.bound({ receiveBlockList }, { address: net.any });
    const { port } = server.address();
    const blocked = await net.bound({}, { address: net.own });
    await nothing(server, () => send(blocked, 'blocked', port, net.own));
    await comes(server, 'let in', () => send(net.socket(), 'let in', port, net.lo));
  },

  async 'sendBlockList'(net) {
    const sendBlockList = new BlockList();
    sendBlockList.addAddress(net.own, net.type === 'udp4' ? 'ipv4' : 'ipv6');
    const server = await net.bound({}, { address: net.any });
    const { port } = server.address();
    const client = net.socket({ sendBlockList });
    await assert.rejects(send(client, 'blocked', port, net.own), { code: 'ERR_IP_BLOCKED' });
    const next = message(server);
    await send(client, 'let out', port, net.lo);
    assert.equal((await next).text, 'let out');
  },
});
