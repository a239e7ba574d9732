import {describe, expect, it, vi} from 'vitest';
import type {Chunk, Engine, Fault} from '@boxyard/core/plugin-api';
import {createHost} from '@boxyard/core/plugin-host';
import {guarded, quietBox, spec} from './plugins-for-tests.ts';

const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const host = createHost('odd', '/nowhere', () => undefined);
const failing =
  (fault: Fault): (() => Promise<never>) =>
  async () => {
    throw host.fault(fault, 'the words of the plugin', {hint: 'what to do'});
  };

describe.concurrent('what a plugin throws', () => {
  it.each([undefined, null, 'text', 7, {}, new TypeError('bad')])(
    'as %s becomes PLUGIN_FAILED with its name and the call',
    async garbage => {
      await using plugin = await guarded({
        find: async () => {
          throw garbage;
        },
      });
      await expect(plugin.engine.find('box-1', signal())).rejects.toMatchObject({
        code: 'PLUGIN_FAILED',
        details: {plugin: 'odd', call: 'find'},
      });
    },
  );

  it('thrown at once, not as a rejection, is caught too', async () => {
    await using plugin = await guarded({
      create: () => {
        throw new Error('at once');
      },
    });
    await expect(plugin.engine.create(spec, signal())).rejects.toMatchObject({code: 'PLUGIN_FAILED'});
  });

  it.each([
    ['unavailable', 'ENGINE_UNAVAILABLE'],
    ['busy', 'ENGINE_UNAVAILABLE'],
    ['unsupported', 'UNSUPPORTED'],
    ['not-found', 'IMAGE_NOT_FOUND'],
    ['conflict', 'CONFLICT'],
    ['denied', 'ENGINE_DENIED'],
    ['no-space', 'NO_SPACE'],
    ['invalid', 'INVALID_INPUT'],
    ['failed', 'ENGINE_FAILED'],
  ] as const)('as the fault %s from create becomes %s, with the plugin’s hint', async (fault, code) => {
    await using plugin = await guarded({create: failing(fault)});
    await expect(plugin.engine.create({...spec, image: 'a/b:1'}, signal())).rejects.toMatchObject({code, hint: 'what to do'});
  });

  it.each([
    ['unavailable', 'REGISTRY_UNREACHABLE', 'ghcr.io'],
    ['denied', 'REGISTRY_DENIED', 'ghcr.io'],
  ] as const)('as the fault %s from a pull becomes %s and names the registry', async (fault, code, registry) => {
    const images = {find: failing(fault), list: failing(fault), pull: failing(fault), remove: failing(fault)};
    await using plugin = await guarded({features: {images}});
    const pull = plugin.engine.features.images?.pull('ghcr.io/owner/name:1', undefined, () => undefined, signal());
    await expect(pull).rejects.toMatchObject({code, details: {registry}});
  });

  it('in a probe is not thrown: the engine is not usable, and why', async () => {
    await using plugin = await guarded({probe: failing('unavailable')});
    await expect(plugin.engine.probe(signal())).resolves.toEqual({
      usable: false,
      why: 'Engine odd is not usable: the words of the plugin.',
      fix: 'what to do',
    });
  });
});

describe('what a plugin returns', () => {
  it.each([
    ['find', {find: async () => ({...quietBox, name: 'another'})}, 'another'],
    ['find', {find: async () => 7}, 'no box'],
    ['list', {list: async () => [{}]}, 'no box'],
    ['create', {create: async () => undefined}, 'no box'],
  ])('%s: nonsense is PLUGIN_FAILED', async (call, change, words) => {
    await using plugin = await guarded(change as unknown as Partial<Engine>);
    const calls: Record<string, () => Promise<unknown>> = {
      find: () => plugin.engine.find('box-1', signal()),
      list: () => plugin.engine.list({}, signal()),
      create: () => plugin.engine.create(spec, signal()),
    };
    await expect(calls[call]?.()).rejects.toMatchObject({code: 'PLUGIN_FAILED', message: expect.stringContaining(words)});
  });

  it('output that goes back is PLUGIN_FAILED, after what was right', async () => {
    const output = async function* (): AsyncGenerator<Chunk> {
      yield {stream: 'stdout', offset: 0, bytes: Buffer.from('abc')};
      yield {stream: 'stdout', offset: 1, bytes: Buffer.from('bc')};
    };
    await using plugin = await guarded({find: async () => ({...quietBox, output})});
    const box = await plugin.engine.find('box-1', signal());
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of box?.output({stdout: 0, stderr: 0}, signal()) ?? []) seen.push(Buffer.from(chunk.bytes).toString());
    };
    await expect(read()).rejects.toMatchObject({code: 'PLUGIN_FAILED'});
    expect(seen).toEqual(['abc']);
  });

  it('output that never ends and never waits leaves the process its turns', async () => {
    const output = async function* (): AsyncGenerator<Chunk> {
      for (let offset = 0; ; offset += 1) yield {stream: 'stdout', offset, bytes: Buffer.from('x')};
    };
    await using plugin = await guarded({find: async () => ({...quietBox, output})});
    const box = await plugin.engine.find('box-1', signal());
    let isOver = false;
    setTimeout(() => (isOver = true), 20);
    const before = performance.now();
    for await (const _ of box?.output({stdout: 0, stderr: 0}, signal()) ?? []) if (isOver || performance.now() - before > 5_000) break;
    expect(isOver).toBe(true);
  });

  it('an exit without a code is PLUGIN_FAILED, never code 0', async () => {
    await using plugin = await guarded({find: async () => ({...quietBox, wait: async () => ({}) as never})});
    const box = await plugin.engine.find('box-1', signal());
    await expect(box?.wait(signal())).rejects.toMatchObject({code: 'PLUGIN_FAILED', details: {call: 'wait'}});
  });

  it('its features get the plugin’s own box, not the guarded one', async () => {
    let got: unknown;
    const stats = async (box: unknown) => ((got = box), {cpuSeconds: 0, memoryBytes: 0});
    await using plugin = await guarded({features: {stats}});
    const box = await plugin.engine.find('box-1', signal());
    await plugin.engine.features.stats?.(box as typeof quietBox, signal());
    expect(got).toBe(quietBox);
  });
});

describe('a plugin that hangs', () => {
  it('is ENGINE_TIMEOUT at the deadline, and its signal has aborted', async () => {
    vi.useFakeTimers();
    try {
      let given: AbortSignal | undefined;
      const find = (_name: string, one: AbortSignal) => ((given = one), new Promise<never>(() => undefined));
      const {engine} = await guarded({find});
      const answer = expect(engine.find('box-1', new AbortController().signal)).rejects.toMatchObject({
        code: 'ENGINE_TIMEOUT',
        details: {engine: 'odd', call: 'find'},
      });
      await vi.advanceTimersByTimeAsync(60_000);
      await answer;
      expect(given?.aborted).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends with the caller’s reason when the caller aborts', async () => {
    const find = (_name: string, one: AbortSignal) =>
      new Promise<never>((_resolve, reject) => one.addEventListener('abort', () => reject(new Error('stopped'))));
    await using plugin = await guarded({find});
    const caller = new AbortController();
    const answer = plugin.engine.find('box-1', caller.signal);
    caller.abort(new Error('the person said so'));
    await expect(answer).rejects.toThrow('the person said so');
  });

  it('does not have its signal aborted after it has answered', async () => {
    let given: AbortSignal | undefined;
    await using plugin = await guarded({find: async (_name, one) => ((given = one), quietBox)});
    const caller = new AbortController();
    await plugin.engine.find('box-1', caller.signal);
    caller.abort();
    expect(given?.aborted).toBe(false);
  });
});
