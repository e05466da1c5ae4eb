// SPDX-License-Identifier: GPL-2.0
'use strict';
// Workers of a cluster share a port, unless one wants it exclusively
const cluster = require('node:cluster');
const { area, assert, dgram, message, once, send } = require('./common.js');

/** A worker binds as the primary says, tells what came of it, and answers. */
function work() {
  let socket;

  process.on('message', (words) => {
    if (words === 'end')
      process.disconnect();
    else if (words === 'close')
      socket.close(() => process.send({ closed: true }));
    else
      open(words);
  });

  function open({ type, where, options }) {
    socket = dgram.createSocket({ type, ...options });
    socket.on('error', (error) => {
      socket.close(() => process.send({ error: error.code }));
    });
    socket.on('listening', () => process.send({ address: socket.address() }));
    socket.on('message', (data, from) => {
      socket.send(`${cluster.worker.id}: ${data}`, from.port, from.address);
    });
    socket.bind(where);
  }
}

async function ask(worker, words) {
  worker.send(words);
  const [answer] = await once(worker, 'message');
  return answer;
}

async function close(worker) {
  assert.deepEqual(await ask(worker, 'close'), { closed: true });
}

if (cluster.isWorker) {
  work();
} else {
  const workers = [cluster.fork(), cluster.fork()];

  const shared = (options) => async (net) => {
    const where = { address: net.lo, port: 6000 };
    const heard = once(cluster, 'listening');
    for (const worker of workers)
      assert.equal((await ask(worker, { type: net.type, where, options })).address?.port, 6000);
    if (!options.reusePort) {           // the primary has no part in that
      const [, { addressType, port }] = await heard;
      assert.deepEqual([addressType, port], [net.type, 6000]);
    }
    const seen = new Set();
    for (let i = 0; i < 30; i++) {
      const client = await net.bound();
      const answer = message(client);
      await send(client, String(i), 6000, net.lo);
      const [worker, number] = (await answer).text.split(': ');
      assert.equal(number, String(i));
      seen.add(worker);
    }
    if (options.reusePort)
      assert.equal(seen.size, 2);       // a hash of the ports chooses
    for (const worker of workers)
      await close(worker);
  };

  area({
    'a port is shared': shared({}),

    'reusePort': shared({ reusePort: true }),

    async 'exclusive'(net) {
      const where = { address: net.lo, port: 6001, exclusive: true };
      assert.ok((await ask(workers[0], { type: net.type, where })).address);
      assert.deepEqual(await ask(workers[1], { type: net.type, where }),
                       { error: 'EADDRINUSE' });
      await close(workers[0]);
    },
  }).then(() => workers.forEach((worker) => worker.send('end')));
}
