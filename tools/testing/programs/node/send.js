// SPDX-License-Identifier: GPL-2.0
'use strict';
// send in all its forms, sendto, the event message
const { area, assert, comes, fails, once, send } = require('./common.js');

const BYTES = Buffer.from('one two three');

// name: what comes, and how it is sent; without a peer to port and address
const UNCONNECTED = {
  'a string': ['text', (s, port, to) => s.send('text', port, to)],
  'a Buffer': ['one two three', (s, port, to) => s.send(BYTES, port, to)],
  'a Uint8Array': ['AB', (s, port, to) => s.send(new Uint8Array([65, 66]), port, to)],
  'a Uint16Array': ['AB', (s, port, to) => s.send(new Uint16Array([0x4241]), port, to)],
  'a DataView': ['two', (s, port, to) =>
    s.send(new DataView(BYTES.buffer, BYTES.byteOffset + 4, 3), port, to)],
  'a list': ['onetwo', (s, port, to) => s.send(['one', Buffer.from('two')], port, to)],
  'an empty list': ['', (s, port, to) => s.send([], port, to)],
  'an empty string': ['', (s, port, to) => s.send('', port, to)],
  'no address': ['text', (s, port) => s.send('text', port)],
  'no address, a callback': ['text', (s, port) =>
    new Promise((resolve) => s.send('text', port, resolve))],
  'a callback': ['text', (s, port, to) => send(s, 'text', port, to)],
  'offset and length': ['two', (s, port, to) => s.send(BYTES, 4, 3, port, to)],
  'offset, length, no address': ['two', (s, port) => s.send(BYTES, 4, 3, port)],
  'offset, length, a callback': ['two', (s, port, to) => send(s, BYTES, 4, 3, port, to)],
  'a list, a callback': ['onetwo', (s, port, to) => send(s, ['one', 'two'], port, to)],
  'sendto': ['two', (s, port, to) => new Promise((resolve) =>
    s.sendto(BYTES, 4, 3, port, to, resolve))],
};

const CONNECTED = {
  'a string': ['text', (s) => s.send('text')],
  'a Buffer': ['one two three', (s) => s.send(BYTES)],
  'a list': ['onetwo', (s) => s.send(['one', 'two'])],
  'an empty list': ['', (s) => s.send([])],
  'a callback': ['text', (s) => send(s, 'text')],
  'offset and length': ['two', (s) => s.send(BYTES, 4, 3)],
  'offset, length, a callback': ['two', (s) => send(s, BYTES, 4, 3)],
  'a list, a callback': ['onetwo', (s) => send(s, ['one', 'two'])],
};

const checks = {};

for (const [name, [text, action]] of Object.entries(UNCONNECTED)) {
  checks[name] = async (net) => {
    const server = await net.bound();
    await comes(server, text, () => action(net.socket(), server.address().port, net.lo));
  };
}

for (const [name, [text, action]] of Object.entries(CONNECTED)) {
  checks[`connected: ${name}`] = async (net) => {
    const server = await net.bound();
    const client = net.socket();
    await new Promise((resolve) => client.connect(server.address().port, net.lo, resolve));
    await comes(server, text, () => action(client));
  };
}

area({
  ...checks,

  async 'the callback is told how many bytes'(net) {
    const server = await net.bound();
    assert.equal(await send(net.socket(), ['one', 'two'], server.address().port, net.lo), 6);
  },

  async 'the longest'(net) {
    const server = await net.bound();
    // less than 64 KiB by the headers, that of IPv4 included
    const text = 'x'.repeat(net.type === 'udp4' ? 65507 : 65527);
    await comes(server, text, () => send(net.socket(), text, server.address().port, net.lo));
    await assert.rejects(send(net.socket(), text + 'x', server.address().port, net.lo),
                         { code: 'EMSGSIZE' });
  },

  async 'the event error, if there is no callback'(net) {
    const client = net.socket({ lookup: (name, options, callback) =>
      name === 'nobody.example' ?
        callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })) :
        callback(null, net.lo) });
    const failed = fails(client, 'ENOTFOUND');
    client.send('lost', 7, 'nobody.example');
    await failed;
  },

  async 'many at once, in order'(net) {
    const server = await net.bound();
    const client = net.socket();
    const got = [];
    const all = Promise.withResolvers();
    server.on('message', (data) => {
      if (got.push(data.toString()) === 100)
        all.resolve();
    });
    for (let i = 0; i < 100; i++)
      client.send(String(i), server.address().port, net.lo);
    await all.promise;
    assert.deepEqual(got, Array.from({ length: 100 }, (_, i) => String(i)));
  },

  async 'wrong ports and a peer'(net) {
    const client = net.socket();
    for (const port of [0, -1, 65536])
      assert.throws(() => client.send('text', port, net.lo), { code: 'ERR_SOCKET_BAD_PORT' });
    client.connect(7, net.lo);
    await once(client, 'connect');
    assert.throws(() => client.send(BYTES, 0, 3, 7, net.lo),
                  { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
    assert.throws(() => client.send(7), { code: 'ERR_INVALID_ARG_TYPE' });
  },
});
