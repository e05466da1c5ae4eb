// SPDX-License-Identifier: GPL-2.0
'use strict';
// What the scripts share: the addresses of the test network, and area(), which
// runs checks for udp4 and udp6.

const assert = require('node:assert/strict');
const dgram = require('node:dgram');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const NETWORK = {
  udp4: { type: 'udp4', family: 'IPv4', any: '0.0.0.0', lo: '127.0.0.1',
          own: '192.0.2.1', silent: '192.0.2.99', group: '239.1.2.3',
          ssm: '232.1.2.3', other: '192.0.2.7', device: '192.0.2.1' },
  udp6: { type: 'udp6', family: 'IPv6', any: '::', lo: '::1',
          own: '2001:db8::1', silent: '2001:db8::99', group: 'ff15::1:2:3',
          ssm: 'ff35::1:2:3', other: '2001:db8::7', device: '::%veth0' },
};
const PATIENCE = 30000;         // ms for what must come
const SILENCE = 200;            // ms for what must not

/** The sockets of one check, which are closed after it. */
class Check {
  constructor(version) {
    Object.assign(this, NETWORK[version]);
    this.sockets = [];
  }

  socket(options = {}, listener) {
    const socket = dgram.createSocket({ type: this.type, ...options }, listener);
    this.sockets.push(socket);
    return socket;
  }

  /** One that is bound to an address, that of loopback if not told otherwise. */
  async bound(options, where = {}) {
    const socket = this.socket(options);
    socket.bind({ port: 0, address: this.lo, ...where });
    await once(socket, 'listening');
    return socket;
  }

  close() {
    for (const socket of this.sockets) {
      try {
        socket.close();
      } catch (error) {
        assert.equal(error.code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
      }
    }
  }
}

/** The next datagram, as text, and where it came from. */
async function message(socket) {
  const [data, from] = await once(socket, 'message',
                                  { signal: AbortSignal.timeout(PATIENCE) });
  assert.equal(from.size, data.length);
  return { text: data.toString(), from };
}

/** What is sent by action comes to socket as text. */
async function comes(socket, text, action) {
  const next = message(socket);
  await action();
  const got = await next;
  assert.equal(got.text, text);
  return got.from;
}

/** Nothing comes to socket after action. */
async function nothing(socket, action) {
  const got = [];
  const listener = (data) => got.push(data.toString());
  socket.on('message', listener);
  await action();
  await sleep(SILENCE);
  socket.off('message', listener);
  assert.deepEqual(got, []);
}

/** send() with a callback, as a promise of what it was given. */
function send(socket, ...words) {
  return new Promise((resolve, reject) => {
    socket.send(...words, (error, bytes) => error ? reject(error) : resolve(bytes));
  });
}

async function fails(socket, code) {
  const [error] = await once(socket, 'error', { signal: AbortSignal.timeout(PATIENCE) });
  assert.equal(error.code, code);
}

/** Runs the checks in turn, for both versions of IP. */
async function area(checks) {
  let count = 0;
  for (const version of Object.keys(NETWORK)) {
    for (const [name, check] of Object.entries(checks)) {
      const here = new Check(version);
      try {
        await check(here);
        count++;
      } catch (error) {
        console.log(`${version}: ${name}: ${error.stack}`);
        process.exitCode = 1;
      }
      here.close();
    }
  }
  console.log(`${count} checks passed`);
}

module.exports = { area, assert, comes, dgram, fails, message, nothing, once, send, sleep };
