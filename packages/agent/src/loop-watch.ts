import {Worker} from 'node:worker_threads';

export interface LoopWatchOptions {
  readonly everyMs: number;
  /** After so many looks without a beat this process is ended. */
  readonly most: number;
}

/** It looks from a thread of its own, and counts looks, not time: a machine that sleeps, or a process that is stopped, stops it too. */
const thread = `
  const {workerData: {beats, everyMs, most}} = require('node:worker_threads');
  const beat = new Int32Array(beats);
  let [last, still] = [-1, 0];
  setInterval(() => {
    const now = Atomics.load(beat, 0);
    still = now === last ? still + 1 : 0;
    last = now;
    if (still >= most) process.kill(process.pid, 'SIGKILL');
  }, everyMs);
`;

/**
 * Ends this process where its loop stands still: a stranger's code that never returns cannot be stopped in any other way, and an
 * agent that says nothing helps nobody. Whoever keeps agents running starts it again. Stopped by the function that is returned.
 */
export function watchLoop({everyMs, most}: LoopWatchOptions = {everyMs: 1_000, most: 60}): () => void {
  const beats = new SharedArrayBuffer(4);
  const beat = new Int32Array(beats);
  const timer = setInterval(() => Atomics.add(beat, 0, 1), everyMs / 2);
  timer.unref();
  const worker = new Worker(thread, {eval: true, workerData: {beats, everyMs, most}, env: {}, execArgv: [], stdout: true, stderr: true});
  worker.unref();
  // Without it all goes on as before.
  worker.on('error', () => undefined);
  return () => {
    clearInterval(timer);
    void worker.terminate();
  };
}
