import {spawn} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Client} from '@boxyard/core/client';
import type {Context, Program} from '../cli/context.ts';
import {resolveSettings, setSetting, settings} from '../services/user-config.ts';
import {clipboardText, copyToTmux, mostCopied} from './clipboard.ts';
import {quoted} from './deeds.ts';
import type {Feed} from './feed.ts';
import {lentViews} from './lent-views.ts';
import {bodyArea, homeAreas, insideOf} from './layout.ts';
import type {LivePanes} from './live-panes.ts';
import type {World} from './perform.ts';
import type {PersonTerminal} from './person-terminal.tsx';
import type {Event, State} from './state.ts';
import {untilEnter} from './until-enter.ts';
import type {Store} from './store.ts';

export interface WorldParts {
  readonly store: Store;
  readonly terminal: PersonTerminal;
  readonly live: LivePanes;
  readonly feed: Feed;
  /** The keyboard goes to that session at once: what was typed in the same breath too. */
  readonly take: (job: string) => void;
  readonly quit: () => void;
  /** The dashboard is left. */
  readonly signal: AbortSignal;
}

/** What effects reach: the server, the person's terminal, files. */
export function worldOf(context: Context, client: Client, {store, terminal, live, feed, take, quit, signal}: WorldParts): World {
  const {paths, program} = context;
  return {
    client,
    dispatch: event => store.dispatch(event),
    image: async () => (await resolveSettings(paths, program.env)).find(({key}) => key === 'image')?.value || undefined,
    async setSetting(key, value) {
      await setSetting(paths, key, value);
      await loadSettings(context, event => store.dispatch(event));
    },
    paneSize: () => paneSize(store.getState()),
    ...lentViews(context, client, {terminal, dispatch: event => store.dispatch(event), state: store.getState, signal}),
    take,
    cli: words => terminal.lend(() => commandLine(program, words)),
    scroll: (job, lines) => live.scroll(job, lines),
    copy: text => copied(program, text),
    save: (name, text) => saved(program, name, text),
    screenshot: () => saved(program, `boxyard-${program.now()}.svg`, terminal.out.screenshot().svg),
    setMouse: isOn => terminal.setMouse(isOn),
    repaint: () => terminal.out.invalidate(),
    reload: () => feed.reload(),
    stale: list => feed.stale(list),
    suspend: () => void terminal.lend(() => stopped(program)),
    quit,
  };
}

/** A command of ours with the person's own terminal, until they have read what it said. */
async function commandLine({root, env, stdin, stdout}: Program, words: readonly string[]): Promise<void> {
  stdout.write(`$ boxyard ${words.map(quoted).join(' ')}\n`);
  const child = spawn(join(root, 'bin', 'boxyard'), words, {stdio: 'inherit', env: {...env}});
  const code = await new Promise<number | string>((done, fail) => {
    child.once('error', fail);
    child.once('exit', (exit, signal) => done(exit ?? signal ?? ''));
  });
  stdout.write(`\n[exit ${code}; enter goes back to the dashboard]`);
  await untilEnter(stdin);
  stdout.write('\n');
}

/** Cells of the pane a session is shown in. */
function paneSize(state: State): {readonly columns: number; readonly rows: number} {
  const {columns, rows} = insideOf(homeAreas(state).side ?? bodyArea(state));
  return {columns, rows};
}

async function copied({stdout, env}: Program, text: string): Promise<string> {
  if (text.length > mostCopied) return `Too long to copy: ${text.length} characters.`;
  stdout.write(clipboardText(text));
  if (env['TMUX'] !== undefined) await copyToTmux(text);
  return `Copied ${text.length > 60 ? `${text.length} characters` : text}.`;
}

async function saved({cwd}: Program, name: string, text: string): Promise<string> {
  const file = resolve(cwd, name);
  await writeFile(file, text);
  return `Saved ${file}.`;
}

/** Stops like any program at ctrl-z; goes on when the shell says so. */
async function stopped({pid}: Program): Promise<void> {
  const back = Promise.withResolvers<void>();
  process.once('SIGCONT', () => back.resolve());
  process.kill(pid, 'SIGSTOP');
  await back.promise;
}

/** The settings as they are now, into the store. */
export async function loadSettings({paths, program}: Context, dispatch: (event: Event) => void): Promise<void> {
  const all = await resolveSettings(paths, program.env);
  dispatch({type: 'settings', settings: all.map(({key, value, origin}) => ({key, value, origin, about: settings[key]?.about ?? ''}))});
}
