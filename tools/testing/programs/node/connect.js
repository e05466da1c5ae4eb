// SPDX-License-Identifier: GPL-2.0
'use strict';
// connect in all its forms, connectSync, disconnect, remoteAddress, the event
// connect
const { area, assert, comes, fails, nothing, once, send } = require('./common.js');

area({
  async 'connect(port)'(net) {
    const server = await net.bound();
    const { port } = server.address();
    const client = net.socket();
    client.connect(port);
    await once(client, 'connect');
    assert.deepEqual(client.remoteAddress(), { address: net.lo, family: net.family, port });
    await comes(server, 'hello', () => send(client, 'hello'));
  },

  async 'connect(port, callback)'(net) {
    const server = await net.bound();
    const client = net.socket();
    await new Promise((resolve) => client.connect(server.address().port, resolve));
    await comes(server, 'hello', () => send(client, 'hello'));
  },

  async 'connect(port, address)'(net) {
    const server = await net.bound({}, { address: net.own });
    const client = net.socket();
    client.connect(server.address().port, net.own);
    await once(client, 'connect');
    assert.equal(client.address().address, net.own);
    await comes(server, 'hello', () => send(client, 'hello'));
  },

  async 'connect(port, address, callback), bound'(net) {
    const server = await net.bound();
    const client = await net.bound();
    await new Promise((resolve) => client.connect(server.address().port, net.lo, resolve));
    const from = await comes(server, 'hello', () => send(client, 'hello'));
    assert.equal(from.port, client.address().port);
    // the way back
    await comes(client, 'back', () => send(server, 'back', from.port, from.address));
  },

  async 'connectSync'(net) {
    const server = await net.bound();
    const client = net.socket();
    client.connectSync(server.address().port, net.lo);
    assert.equal(client.remoteAddress().port, server.address().port);
    await once(client, 'connect');
    await comes(server, 'hello', () => send(client, 'hello'));
  },

  async 'only the peer is heard'(net) {
    const server = await net.bound();
    const client = await net.bound();
    await new Promise((resolve) => client.connect(server.address().port, net.lo, resolve));
    await nothing(client, () => send(net.socket(), 'another', client.address().port, net.lo));
  },

  async 'disconnect'(net) {
    const server = await net.bound();
    const port = 5010;
    const client = await net.bound({}, { port });
    await new Promise((resolve) => client.connect(server.address().port, net.lo, resolve));
    client.disconnect();
    assert.throws(() => client.remoteAddress(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
    assert.throws(() => client.disconnect(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
    // a port that was asked for stays, and all are heard again
    assert.equal(client.address().port, port);
    await comes(client, 'another', () => send(net.socket(), 'another', port, net.lo));
    await new Promise((resolve) => client.connect(server.address().port, net.lo, resolve));
    await comes(server, 'again', () => send(client, 'again'));
  },

  async 'twice'(net) {
    const client = net.socket();
    await new Promise((resolve) => client.connect(7, net.lo, resolve));
    assert.throws(() => client.connect(8, net.lo), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
  },

  async 'nobody listens'(net) {
    const client = net.socket();
    await new Promise((resolve) => client.connect(9, net.lo, resolve));
    const refused = fails(client, 'ECONNREFUSED');
    client.send('hello');
    await refused;
  },

  async 'a name that is none'(net) {
    const client = net.socket({ lookup: (name, options, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })) });
    await assert.rejects(new Promise((resolve, reject) =>
      client.connect(7, 'nobody.example', (error) => error ? reject(error) : resolve())),
                         { code: 'ENOTFOUND' });
  },
});
