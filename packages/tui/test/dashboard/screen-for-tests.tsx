import {EventEmitter} from 'node:events';
import {PassThrough} from 'node:stream';
import xterm from '@xterm/headless';
import {render} from 'ink';
import {vi, expect} from 'vitest';
import {Dashboard} from '../../src/dashboard/Dashboard.tsx';
import type {Effect, State} from '../../src/dashboard/state.ts';
import {createStore, type Store} from '../../src/dashboard/store.ts';

export interface TestScreen extends AsyncDisposable {
  readonly store: Store;
  readonly effects: readonly Effect[];
  /** Every byte that was written. */
  readonly bytes: () => string;
  /** What a person would see now. */
  lines(): Promise<readonly string[]>;
  shows(text: string | RegExp): Promise<void>;
  type(text: string): void;
}

/** The dashboard on a terminal that is emulated, through the real Ink with its real options. */
export function openTestScreen(initial: State): TestScreen {
  const {columns, rows} = initial;
  const terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, convertEol: true});
  let written = '';
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    getColorDepth: () => 4,
    write(text: string, ...rest: readonly unknown[]) {
      written += text;
      terminal.write(text);
      const done = rest.at(-1);
      if (typeof done === 'function') queueMicrotask(() => void done());
      return true;
    },
  });
  const stdin = Object.assign(new PassThrough(), {isTTY: true, setRawMode: () => undefined, ref: () => undefined, unref: () => undefined});
  const effects: Effect[] = [];
  const store = createStore(initial, effect => void effects.push(effect));
  const options = {stdin, stdout, stderr: stdout, alternateScreen: true, exitOnCtrlC: false, patchConsole: false, interactive: true};
  const ink = render(<Dashboard store={store} />, options as unknown as Parameters<typeof render>[1]);
  const lines = async () => {
    await new Promise<void>(resolve => terminal.write('', resolve));
    const {active} = terminal.buffer;
    return Array.from({length: rows}, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '');
  };
  return {
    store,
    effects,
    bytes: () => written,
    lines,
    shows: async text => vi.waitFor(async () => expect((await lines()).join('\n')).toMatch(text), 5_000),
    type: text => void stdin.write(text),
    async [Symbol.asyncDispose]() {
      ink.unmount();
      await ink.waitUntilExit();
      terminal.dispose();
    },
  };
}
