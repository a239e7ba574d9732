import {writeSync} from 'node:fs';
import {render} from 'ink';
import type {Context} from '../cli/context.ts';
import type {Connection} from '../services/connection.ts';
import {resolveSettings} from '../services/user-config.ts';
import {Dashboard} from './Dashboard.tsx';
import {feed} from './feed.ts';
import {createPerformer} from './perform.ts';
import {initialState} from './state.ts';
import {createStore, type Store} from './store.ts';

/** Synchronized output, mouse, paste and colours off, cursor on, back from the alternate screen. */
const restoreText = '\u001b[?2026l\u001b[?1000l\u001b[?1002l\u001b[?1006l\u001b[?1004l\u001b[?2004l\u001b[0m\u001b[?25h\u001b[?1049l';

/** Shows the dashboard, `notice` first, until it is left; then says what goes on without it. Resolves to the exit code. */
export async function openDashboard(context: Context, {client, target}: Connection, notice?: string): Promise<number> {
  const {program, say} = context;
  await client.health();
  const left = Promise.withResolvers<number>();
  const stop = new AbortController();
  const size = sizeOf(program.stdout);
  // Effects come only from dispatches, and those only when the store exists.
  const dispatch: Store['dispatch'] = event => store.dispatch(event);
  const perform = createPerformer({client, image: () => imageOf(context), dispatch, quit: () => left.resolve(0)});
  const store = createStore(initialState(client.server, program.now(), size), perform);
  const screen = openScreen(context, store, left);
  if (notice !== undefined) dispatch({type: 'said', text: notice, isError: true});
  const isLoud = context.setting('bell') === 'on';
  const ring = (text: string) => void (isLoud && program.stdout.write(text));
  void feed(client, dispatch, {signal: stop.signal, ring});
  try {
    return await left.promise;
  } finally {
    stop.abort();
    await screen.close();
    client.close();
    say(target.origin === 'boxyard up' ? 'Server and worker go on. Stop them: boxyard down' : 'The server and its workers go on.');
  }
}

/** Asked anew each time: a setting may be changed while the screen is open. */
async function imageOf({paths, program}: Context): Promise<string | undefined> {
  const all = await resolveSettings(paths, program.env);
  return all.find(({key}) => key === 'image')?.value || undefined;
}

const sizeOf = ({columns, rows}: Context['program']['stdout']) => ({columns: columns ?? 80, rows: rows ?? 24});

/** Ink on the alternate screen. `close` gives the terminal back, whatever happened; so does the process's end. */
function openScreen({program}: Context, store: Store, left: PromiseWithResolvers<number>): {close(): Promise<void>} {
  const {stdin, stdout, stderr} = program as unknown as {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream};
  let isOpen = true;
  const restore = () => {
    if (!isOpen) return;
    isOpen = false;
    writeSync(1, restoreText);
    stdin.setRawMode?.(false);
  };
  const fail = (error: unknown) => left.reject(error);
  const onResize = () => store.dispatch({type: 'resized', ...sizeOf(program.stdout)});
  const releases = (['SIGTERM', 'SIGHUP', 'SIGINT'] as const).map(name =>
    program.onSignal(name, () => left.resolve(name === 'SIGINT' ? 130 : 143)),
  );
  process.once('exit', restore);
  process.on('uncaughtException', fail);
  stdout.on('resize', onResize);
  // Whoever has a terminal is there to look, also where a variable says CI.
  const options = {stdin, stdout, stderr, alternateScreen: true, interactive: true, exitOnCtrlC: false, patchConsole: false, maxFps: 15};
  const ink = render(<Dashboard store={store} />, options);
  ink.waitUntilExit().catch(fail);
  return {
    async close() {
      ink.unmount();
      await ink.waitUntilExit().catch(() => undefined);
      isOpen = false;
      stdin.setRawMode?.(false);
      stdin.unref?.();
      stdout.off('resize', onResize);
      process.off('exit', restore);
      process.off('uncaughtException', fail);
      releases.forEach(release => release());
    },
  };
}
