import type {Program} from '../../src/cli/context.ts';
import {openPersonTerminal} from '../../src/dashboard/person-terminal.tsx';
import type {Effect, Event, State} from '../../src/dashboard/state.ts';
import {createStore, type Store} from '../../src/dashboard/store.ts';
import {openHarness, type Harness} from '../screen/tui-harness.ts';

export interface TestScreen extends AsyncDisposable {
  readonly store: Store;
  readonly harness: Harness;
  readonly effects: readonly Effect[];
  tell(event: Event): void;
  text(): Promise<string>;
  /** Resolves when what is known is on the screen. */
  settled(): Promise<void>;
}

export interface TestLook {
  readonly env?: Readonly<Record<string, string>>;
  readonly isAscii?: boolean;
  readonly isForScreenReader?: boolean;
}

/** The dashboard on an emulated terminal, through the real Ink, compositor and keyboard; only the server is not there. */
export function openTestScreen(initial: State, look: TestLook = {}): TestScreen {
  const {columns, rows} = initial;
  const harness = openHarness({columns, rows});
  const effects: Effect[] = [];
  const store = createStore(initial, effect => void effects.push(effect));
  const env = {TERM: 'xterm-256color', COLORTERM: 'truecolor', ...look.env};
  const program = {env, stdin: harness.stdin, stdout: harness.stdout} as unknown as Program;
  const terminal = openPersonTerminal({
    program,
    store,
    isAscii: look.isAscii ?? false,
    isForScreenReader: look.isForScreenReader ?? false,
    hasMouse: false,
    isPlain: false,
    onGone: () => undefined,
    onBackground: is => store.dispatch({type: 'background', is}),
    writeNow: harness.writeNow,
    onInput: event => {
      if (event.type === 'key') store.dispatch(event);
      else if (event.type === 'paste') store.dispatch({type: 'paste', text: event.text});
      else if (event.type === 'mouse' && event.action === 'press')
        store.dispatch({type: 'pointed', action: 'press', column: event.column, row: event.row});
    },
    onFailure: error => {
      throw error;
    },
  });
  harness.stdout.on('resize', () => store.dispatch({type: 'resized', columns: harness.stdout.columns, rows: harness.stdout.rows}));
  const settled = async () => {
    await new Promise(resolve => setImmediate(resolve));
    await new Promise(resolve => setImmediate(resolve));
    await terminal.drawn();
  };
  return {
    store,
    harness,
    effects,
    tell: event => store.dispatch(event),
    text: async () => (await harness.lines()).join('\n'),
    settled,
    async [Symbol.asyncDispose]() {
      await terminal.close();
      harness[Symbol.dispose]();
    },
  };
}
