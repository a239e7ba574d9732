import {WebSocket} from 'ws';
import type {Program} from '../lab/program.ts';
import {waitUntil} from '../lab/wait-for.ts';

/** For a program whose heap is to be looked into, on any port: ours open no debugger when they are asked to. */
export const inspectable = {NODE_OPTIONS: '--inspect=127.0.0.1:0'};

/**
 * Bytes that a program holds on to, behind a collection of everything that nobody does: what it has taken of the machine says
 * little, because garbage lies there until room is short.
 */
export async function heldBy(program: Program): Promise<number> {
  const listening = () => [...program.log.matchAll(/Debugger listening on (ws:\S+)/g)].at(-1)?.[1];
  const url = await waitUntil(
    async () => listening(),
    found => found !== undefined,
    {within: 10_000, what: `${program.options.name} can be looked into`},
  );
  const socket = new WebSocket(url!);
  try {
    await call(socket, {id: 1, method: 'HeapProfiler.collectGarbage'});
    const heap = await call(socket, {id: 2, method: 'Runtime.getHeapUsage'});
    return (heap['usedSize'] ?? 0) + (heap['backingStorageSize'] ?? 0);
  } finally {
    socket.terminate();
  }
}

async function call(socket: WebSocket, question: {readonly id: number; readonly method: string}): Promise<Record<string, number>> {
  const {promise, resolve, reject} = Promise.withResolvers<Record<string, number>>();
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('it was not told')));
  socket.on('message', data => {
    const answer = JSON.parse(String(data)) as {id?: number; result?: Record<string, number>};
    if (answer.id === question.id) resolve(answer.result ?? {});
  });
  const ask = () => socket.send(JSON.stringify(question));
  if (socket.readyState === socket.OPEN) ask();
  else socket.once('open', ask);
  return promise;
}
