import {PassThrough, pipeline, type Readable} from 'node:stream';
import type {Features, Files, Images, Process} from '../plugin-api/index.ts';
import {guardProcess, guardTerminal, type Guard} from './guard-box.ts';
import {pluginError, type Asked} from './plugin-errors.ts';
import {wrongProcess} from './sense.ts';

const OPEN_MS = 60_000;
const QUICK_MS = 30_000;
const SNAPSHOT_MS = 600_000;

/** The same keys as the plugin's, each guarded: having a method is having the feature. Keys we do not know are left out. */
export const guardFeatures = (guard: Guard, inner: Features): Features => ({
  ...running(guard, inner),
  ...looking(guard, inner),
  ...making(guard, inner),
  ...(inner.images === undefined ? {} : {images: guardImages(guard, inner.images)}),
  ...(inner.files === undefined ? {} : {files: guardFiles(guard, inner.files)}),
});

const running = (guard: Guard, inner: Features): Features => {
  const {exec, killMarked, terminal} = inner;
  return {
    ...(exec && {
      exec: async (box, command, signal) => {
        const asked = {call: 'exec', subject: box.name, ms: OPEN_MS, signal, dispose: killLate};
        return guardProcess(
          guard,
          'exec',
          await guard.run(asked, given => exec.call(inner, guard.innerOf(box), command, given), wrongProcess),
        );
      },
    }),
    ...(killMarked && {
      killMarked: (box, variable, signal) =>
        guard.run({call: 'killMarked', subject: box.name, ms: OPEN_MS, signal}, given =>
          killMarked.call(inner, guard.innerOf(box), variable, given),
        ),
    }),
    ...(terminal && {
      terminal: async (box, command, size, signal) => {
        const asked = {call: 'terminal', subject: box.name, ms: OPEN_MS, signal, dispose: killLate};
        const opened = await guard.run(asked, given => terminal.call(inner, guard.innerOf(box), command, size, given), wrongProcess);
        return guardTerminal(guard, opened);
      },
    }),
  };
};

/** Nobody holds it, so nobody would end it. */
const killLate = (late: Process): void => void late.kill('SIGKILL').catch(() => undefined);

const looking = (guard: Guard, inner: Features): Features => {
  const {connect, stats} = inner;
  return {
    ...(connect && {
      connect: (box, port, signal) =>
        guard.run({call: 'connect', subject: box.name, ms: QUICK_MS, signal, dispose: late => void late.destroy()}, given =>
          connect.call(inner, guard.innerOf(box), port, given),
        ),
    }),
    ...(stats && {
      stats: (box, signal) =>
        guard.run({call: 'stats', subject: box.name, ms: QUICK_MS, signal}, given => stats.call(inner, guard.innerOf(box), given)),
    }),
  };
};

const making = (guard: Guard, inner: Features): Features => {
  const {build, snapshot, gateway, removeVolume} = inner;
  return {
    ...(build && {
      build: (wanted, log, signal) =>
        guard.run({call: 'build', subject: wanted.ref, signal}, given => build.call(inner, wanted, log, given)),
    }),
    ...(snapshot && {
      snapshot: (box, ref, labels, signal) =>
        guard.run({call: 'snapshot', subject: ref, ms: SNAPSHOT_MS, signal}, given =>
          snapshot.call(inner, guard.innerOf(box), ref, labels, given),
        ),
    }),
    ...(removeVolume && {
      removeVolume: (name, signal) =>
        guard.run({call: 'removeVolume', subject: name, ms: SNAPSHOT_MS, signal}, given => removeVolume.call(inner, name, given)),
    }),
    ...(gateway && {
      gateway: (name, signal) =>
        guard.run({call: 'gateway', subject: name, ms: OPEN_MS, signal}, given => gateway.call(inner, name, given)),
    }),
  };
};

const guardImages = (guard: Guard, inner: Images): Images => ({
  find: (ref, signal) => guard.run({call: 'images.find', subject: ref, ms: QUICK_MS, signal}, given => inner.find(ref, given)),
  list: signal => guard.run({call: 'images.list', ms: OPEN_MS, signal}, given => inner.list(given)),
  pull: (ref, login, progress, signal) =>
    guard.run({call: 'images.pull', subject: ref, signal}, given => inner.pull(ref, login, progress, given)),
  remove: (ref, signal) => guard.run({call: 'images.remove', subject: ref, ms: OPEN_MS * 2, signal}, given => inner.remove(ref, given)),
});

const guardFiles = (guard: Guard, inner: Files): Files => ({
  put: (box, path, tar, signal) =>
    guard.run({call: 'files.put', subject: path, signal}, given => inner.put(guard.innerOf(box), path, tar, given)),
  get: async (box, path, signal) => {
    const asked = {call: 'files.get', subject: path, ms: OPEN_MS, signal, dispose: (late: Readable) => void late.destroy()};
    return guardBytes({...asked, plugin: guard.plugin}, await guard.run(asked, given => inner.get(guard.innerOf(box), path, given)));
  },
});

/** The same bytes; what goes wrong later is an error of ours as well. */
const guardBytes = (asked: Asked, inner: Readable): Readable => {
  const outer = new PassThrough({destroy: (error, done) => done(error === null ? null : pluginError(error, asked))});
  pipeline(inner, outer, () => undefined);
  return outer;
};
