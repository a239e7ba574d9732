import type {Client} from '@boxyard/core/client';
import type {Context, Program} from '../cli/context.ts';
import type {InputEvent} from '../screen/input-events.ts';
import type {Connection} from '../services/connection.ts';
import {createCapture, type Capture} from './capture.ts';
import {keepClock} from './clock.ts';
import {createDragging, type Dragging} from './dragging.ts';
import {lackOfPage} from './actions/action.ts';
import type {ListName} from './data.ts';
import {openFeed, type Feed} from './feed.ts';
import type {Wanted} from './gathered.ts';
import {idsInSight} from './in-sight.ts';
import {keepPlaces, readKept} from './kept.ts';
import {shownRun} from './panes.ts';
import type {PageName} from './places.ts';
import {createPerformer} from './perform.ts';
import {openPersonTerminal, type PersonTerminal} from './person-terminal.tsx';
import {openShown, type Shown} from './shown.ts';
import {initialState, placeOf, type Effect, type Event, type State} from './state.ts';
import {createStore, type Store} from './store.ts';
import {within} from './within.ts';
import {loadSettings, worldOf} from './world.ts';

export interface DashboardFlags {
  readonly isReadOnly?: boolean;
  readonly isAscii?: boolean;
  readonly isForScreenReader?: boolean;
}

/** Shows the dashboard, `notice` first, until it is left; then says what goes on without it. Resolves to the exit code. */
export async function openDashboard(
  context: Context,
  {client, target}: Connection,
  notice?: string,
  flags: DashboardFlags = {},
): Promise<number> {
  const {program, say} = context;
  await client.health();
  const left = Promise.withResolvers<number>();
  const stop = new AbortController();
  const parts = openParts(context, client, {flags, signal: stop.signal, left});
  const signals = [
    program.onSignal('SIGTERM', () => left.resolve(143)),
    program.onSignal('SIGHUP', () => left.resolve(129)),
    program.onSignal('SIGTSTP', parts.stop),
    program.onSignal('SIGCONT', () => parts.terminal.reclaim()),
    program.onSignal('SIGQUIT', () => left.resolve(131)),
    program.onSignal('SIGINT', () => void (parts.terminal.isLent || left.resolve(130))),
  ];
  if (notice !== undefined) parts.store.dispatch({type: 'said', text: notice, isError: true});
  try {
    return await left.promise;
  } finally {
    stop.abort();
    await parts.close();
    client.close();
    signals.forEach(release => release());
    say(target.origin === 'boxyard up' ? 'Server and worker go on. Stop them: boxyard down' : 'The server and its workers go on.');
  }
}

/** What is still on its way from the server when the dashboard is left is not waited for any longer. */
const lastWordMs = 200;

interface Opening {
  readonly flags: DashboardFlags;
  readonly signal: AbortSignal;
  readonly left: PromiseWithResolvers<number>;
}

interface Parts {
  readonly store: Store;
  readonly terminal: Pick<PersonTerminal, 'isLent' | 'reclaim'>;
  /** As at ctrl-z, whoever asks for it. */
  readonly stop: () => void;
  close(): Promise<void>;
}

/** The terminal first, so that there is something to see; then what fills it. */
function openParts(context: Context, client: Client, {flags, signal, left}: Opening): Parts {
  const {program, paths, setting} = context;
  const dispatch = (event: Event) => store.dispatch(event);
  // Effects come only from dispatches of what is opened below.
  let perform: (effect: Effect) => void = () => undefined;
  const store = createStore(beginning(context, client.server, flags), effect => perform(effect), program.now);
  const terminal = openPersonTerminal({
    program,
    store,
    ...lookOf(context, flags),
    onGone: () => left.resolve(143),
    onBackground: is => dispatch({type: 'background', is}),
    onInput: event => onInput(event, {dispatch, terminal, shown, dragging}),
    onLent: isLent => shown.displays.setSeen(!isLent),
    onFailure: error => left.reject(error),
  });
  const dragging = createDragging({out: terminal.out, state: store.getState, copy: text => perform({type: 'copy', text})});
  const shown = openShown({client, terminal, dispatch, now: program.now});
  const feed = openFeed(client, {
    dispatch,
    signal,
    data: () => store.getState().data,
    wants: () => ({...wantedBy(store.getState()), inSight: idsInSight(store.getState())}),
    ring: text => void (isLoud(store.getState(), setting) && program.stdout.write(text)),
  });
  const capture = createCapture(() => store.getState().leader, {dispatch, type: (job, bytes) => shown.live.type(job, bytes)});
  const sync = () => synchronise(store.getState(), {shown, feed, terminal, capture});
  const take = (job: string) => {
    sync();
    shown.live.take(job);
  };
  perform = createPerformer(worldOf(context, client, {store, terminal, live: shown.live, feed, take, quit: () => left.resolve(0), signal}));
  const releases = [store.subscribe(sync), keepClock(store), keepPlaces(paths, store), watchSize(program, dispatch)];
  learn(context, client, {dispatch, signal, left});
  sync();
  return {
    store,
    terminal,
    stop: () => perform({type: 'suspend'}),
    async close() {
      releases.forEach(release => release());
      shown.close();
      await terminal.close();
      await within(lastWordMs, feed.ended);
    },
  };
}

const lookOf = ({setting, flags: {'no-color': isPlain}}: Context, {isAscii, isForScreenReader}: DashboardFlags) => ({
  isAscii: isAscii === true,
  isForScreenReader: isForScreenReader === true,
  hasMouse: setting('mouse') === 'on',
  isPlain,
});

interface Learning {
  readonly dispatch: (event: Event) => void;
  readonly signal: AbortSignal;
  readonly left: PromiseWithResolvers<number>;
}

/** What is asked once: settings, and who the person is to the server. */
function learn(context: Context, client: Client, {dispatch, signal, left}: Learning): void {
  void loadSettings(context, dispatch).catch((error: unknown) => left.reject(error));
  void client.whoami({signal}).then(
    who => dispatch({type: 'who', who}),
    () => undefined,
  );
}

function beginning({program, paths, setting}: Context, server: string, {isReadOnly, isAscii, isForScreenReader}: DashboardFlags): State {
  const state = initialState({
    server,
    now: program.now(),
    ...sizeOf(program),
    look: {theme: 'terminal', isAscii: isAscii === true, isLinear: isForScreenReader === true},
    isReadOnly: isReadOnly === true,
    leader: setting('leader'),
    hasMouse: setting('mouse') === 'on',
  });
  return {...state, ...readKept(paths, server)};
}

const sizeOf = ({stdout}: Program) => ({columns: stdout.columns ?? 80, rows: stdout.rows ?? 24});

function watchSize(program: Program, dispatch: (event: Event) => void): () => void {
  const onResize = () => dispatch({type: 'resized', ...sizeOf(program)});
  program.stdout.on('resize', onResize);
  return () => void program.stdout.off('resize', onResize);
}

interface Inputs {
  readonly dispatch: (event: Event) => void;
  readonly terminal: PersonTerminal;
  readonly shown: Shown;
  readonly dragging: Dragging;
}

function onInput(event: InputEvent, {dispatch, terminal, shown, dragging}: Inputs): void {
  if (event.type === 'focus') shown.displays.setSeen(event.isFocused);
  if (event.type === 'mouse' && shown.live.mouse(event)) return;
  if (event.type === 'mouse') dragging.mouse(event);
  else if (event.type !== 'reply') dragging.end();
  if (event.type === 'key') dispatch({type: 'key', key: event.key});
  else if (event.type === 'text' || event.type === 'paste') dispatch({type: 'paste', text: event.text});
  else if (event.type === 'focus' && event.isFocused) terminal.out.invalidate();
  else if (event.type === 'mouse' && (event.action === 'press' || event.action === 'wheel-up' || event.action === 'wheel-down'))
    dispatch({type: 'pointed', action: event.action, column: event.column, row: event.row});
}

/** The setting as it is now; before the settings were read, as it was at the start. */
const isLoud = ({settings}: State, setting: (key: string) => string): boolean =>
  (settings.find(({key}) => key === 'bell')?.value ?? setting('bell')) === 'on';

interface Synchronised {
  readonly shown: Shown;
  readonly feed: Feed;
  readonly terminal: PersonTerminal;
  readonly capture: Capture;
}

/** What the state shows is what is open: screens, a log, lists, and who has the keyboard. */
function synchronise(state: State, {shown, feed, terminal, capture}: Synchronised): void {
  shown.show(state);
  terminal.setMouse(state.hasMouse);
  terminal.input.capture(capture.sinkFor(state.mode.is === 'capture' ? state.mode.job : undefined));
  const {lists, parent} = wantedBy(state);
  if (lists.length > 0 || parent !== undefined) feed.wanted();
}

/** What is read only while it is looked at. */
function wantedBy(state: State): Omit<Wanted, 'inSight'> {
  const {page, subject} = placeOf(state);
  const isParent = page === 'job' && state.data.jobs.get(subject ?? '')?.children !== undefined;
  const run = shownRun(state);
  const list = listOf[page];
  return {
    lists: list === undefined || lackOfPage(state) !== undefined ? [] : [list],
    parent: isParent ? subject : run?.children === undefined ? undefined : run.id,
    webhook: page === 'webhook' ? subject : undefined,
  };
}

const listOf: Readonly<Partial<Record<PageName, ListName>>> = {
  images: 'images',
  clusters: 'clusters',
  cluster: 'clusters',
  roles: 'clusters',
  role: 'clusters',
  webhooks: 'webhooks',
  webhook: 'webhooks',
  plugins: 'plugins',
  plugin: 'plugins',
};
