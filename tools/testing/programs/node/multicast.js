// SPDX-License-Identifier: GPL-2.0
'use strict';
// Groups: membership, sources, interface, loopback, TTL
const { area, assert, comes, dgram, nothing, once, send } = require('./common.js');

/** A socket on all addresses, and one that sends from the link. */
async function pair(net) {
  const receiver = await net.bound({}, { address: net.any });
  const sender = await net.bound({}, { address: net.own });
  sender.setMulticastInterface(net.device);
  return [receiver, sender, receiver.address().port];
}

area({
  async 'addMembership(group), dropMembership(group)'(net) {
    const [receiver, sender, port] = await pair(net);
    receiver.addMembership(net.group);
    const from = await comes(receiver, 'hello', () => send(sender, 'hello', port, net.group));
    assert.equal(from.address, net.own);
    receiver.dropMembership(net.group);
    await nothing(receiver, () => send(sender, 'gone', port, net.group));
  },

  async 'addMembership(group, interface), dropMembership(group, interface)'(net) {
    const [receiver, sender, port] = await pair(net);
    receiver.addMembership(net.group, net.device);
    await comes(receiver, 'hello', () => send(sender, 'hello', port, net.group));
    receiver.dropMembership(net.group, net.device);
    await nothing(receiver, () => send(sender, 'gone', port, net.group));
  },

  async 'addSourceSpecificMembership, dropSourceSpecificMembership'(net) {
    const [receiver, sender, port] = await pair(net);
    receiver.addSourceSpecificMembership(net.own, net.ssm, net.device);
    await comes(receiver, 'hello', () => send(sender, 'hello', port, net.ssm));
    receiver.dropSourceSpecificMembership(net.own, net.ssm, net.device);
    await nothing(receiver, () => send(sender, 'gone', port, net.ssm));
  },

  async 'another source'(net) {
    const [receiver, sender, port] = await pair(net);
    receiver.addSourceSpecificMembership(net.other, net.ssm, net.device);
    await nothing(receiver, () => send(sender, 'another', port, net.ssm));
  },

  async 'two members of one port'(net) {
    const one = await net.bound({ reuseAddr: true }, { address: net.any });
    const { port } = one.address();
    const two = await net.bound({ reuseAddr: true }, { address: net.any, port });
    for (const member of [one, two])
      member.addMembership(net.group, net.device);
    const sender = net.socket();
    sender.bind();
    await once(sender, 'listening');
    sender.setMulticastInterface(net.device);
    await Promise.all([
      comes(one, 'to all', () => {}),
      comes(two, 'to all', () => send(sender, 'to all', port, net.group)),
    ]);
  },

  async 'setMulticastLoopback'(net) {
    const [receiver, sender, port] = await pair(net);
    receiver.addMembership(net.group, net.device);
    assert.equal(sender.setMulticastLoopback(false), false);
    await nothing(receiver, () => send(sender, 'not here', port, net.group));
    assert.equal(sender.setMulticastLoopback(true), true);
    await comes(receiver, 'here', () => send(sender, 'here', port, net.group));
  },

  async 'setMulticastTTL'(net) {
    const [receiver, sender, port] = await pair(net);
    receiver.addMembership(net.group, net.device);
    for (const ttl of [0, 1, 255]) {
      assert.equal(sender.setMulticastTTL(ttl), ttl);
      await comes(receiver, `ttl ${ttl}`, () => send(sender, `ttl ${ttl}`, port, net.group));
    }
    assert.throws(() => sender.setMulticastTTL(1000), { code: 'EINVAL' });
  },

  async 'setMulticastInterface'(net) {
    const socket = await net.bound({}, { address: net.any });
    socket.setMulticastInterface(net.any);
    assert.throws(() => socket.setMulticastInterface('nothing'), { code: 'EINVAL' });
    if (net.type === 'udp4')
      assert.throws(() => socket.setMulticastInterface(net.other), { code: 'EADDRNOTAVAIL' });
  },

  async 'what is no group, and twice'(net) {
    const socket = await net.bound({}, { address: net.any });
    assert.throws(() => socket.addMembership(net.lo), { code: 'EINVAL' });
    assert.throws(() => socket.dropMembership(net.group), { code: 'EADDRNOTAVAIL' });
    socket.addMembership(net.group, net.device);
    assert.throws(() => socket.addMembership(net.group, net.device), { code: 'EADDRINUSE' });
  },

  async 'addMembership binds'(net) {
    const socket = dgram.createSocket(net.type);
    net.sockets.push(socket);
    socket.addMembership(net.group, net.device);
    await once(socket, 'listening');
    const sender = await net.bound({}, { address: net.own });
    sender.setMulticastInterface(net.device);
    await comes(socket, 'hello', () => send(sender, 'hello', socket.address().port, net.group));
  },
});
