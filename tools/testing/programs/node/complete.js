// SPDX-License-Identifier: GPL-2.0
'use strict';
// The other scripts call every method that a socket has of its own, and wait
// for each of its events
const assert = require('node:assert/strict');
const dgram = require('node:dgram');
const fs = require('node:fs');
const path = require('node:path');

const text = fs.readdirSync(__dirname).map((name) =>
  fs.readFileSync(path.join(__dirname, name), 'utf8')).join('');
const methods = Object.getOwnPropertyNames(dgram.Socket.prototype)
  .filter((name) => name !== 'constructor' && !name.startsWith('_'));
const symbols = Object.getOwnPropertySymbols(dgram.Socket.prototype);

assert.ok(methods.length > 20);
assert.deepEqual(methods.filter((name) => !text.includes(`.${name}(`)), []);
assert.deepEqual(symbols, [Symbol.asyncDispose]);
for (const event of ['close', 'connect', 'error', 'listening', 'message'])
  assert.match(text, new RegExp(`once\\(\\w+(\\([^)]*\\))?, '${event}'`), event);

const socket = dgram.createSocket('udp4', () => socket.close());
socket.bindSync({ address: '127.0.0.1' });
socket.send('to itself', socket.address().port);
console.log(`${methods.length} methods are called`);
