import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {arrange, type Arrangement} from '../output/arrange.ts';
import {printer, type ListView} from '../output/print.ts';
import {safeLine} from '../output/safe-text.ts';
import {openScreen} from '../output/screen.ts';
import {changesOf, refresh} from '../services/refresh.ts';
import type {Context} from './context.ts';
import {watchEnding} from './interrupts.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}
export interface Watched<T, P extends Page<T>> {
  readonly view: ListView<T>;
  readonly wish: Arrangement;
  readonly load: () => Promise<P>;
}

/** Prints the list anew whenever it changes, until Ctrl-C. What is refused from the start, or for good, rejects. */
export async function watchList<T, P extends Page<T>>(context: Context, client: Client, watched: Watched<T, P>): Promise<number> {
  const {print, program} = context;
  if (print.format === 'yaml')
    throw new BoxyardError('INVALID_INPUT', {field: '--watch', issue: 'goes with tables, jsonl and names, not yaml'});
  const ending = watchEnding(context);
  const show = program.stdout.isTTY === true && print.format === 'table' && !context.flags.quiet ? onScreen : asLines;
  try {
    await show(context, client, {...watched, signal: ending.leaving});
    return ending.code();
  } finally {
    ending.release();
  }
}

type Going<T, P extends Page<T>> = Watched<T, P> & {readonly signal: AbortSignal};

async function onScreen<T, P extends Page<T>>(context: Context, client: Client, {view, wish, load, signal}: Going<T, P>): Promise<void> {
  const {program} = context;
  const screen = openScreen(program.stdout);
  let last: P | undefined;
  let trouble = '';
  const text = async (page: P): Promise<string> => {
    let out = '';
    const notes: string[] = [];
    const sink = {write: (more: string) => void (out += more), columns: context.flags['no-truncate'] ? undefined : program.stdout.columns};
    const {items, view: wanted} = arrange(page.items, view, wish);
    await printer(sink, line => void notes.push(line), context.print.style).list({...page, items}, wanted);
    return `${out}${notes.map(line => `${line}\n`).join('')}`;
  };
  const draw = async () => screen.show(last === undefined ? '' : await text(last), trouble);
  const onResize = () => void draw().catch(() => undefined);
  program.stdout.on('resize', onResize);
  try {
    for await (const seen of refresh({load, events: () => client.events({signal}), signal})) {
      if ('page' in seen) last = seen.page;
      trouble = 'away' in seen ? `${safeLine(seen.away.message)} Trying again.` : '';
      await draw();
    }
  } finally {
    program.stdout.off('resize', onResize);
    screen.close();
    if (last !== undefined) program.stdout.write(await text(last));
  }
}

async function asLines<T, P extends Page<T>>(context: Context, client: Client, {view, wish, load, signal}: Going<T, P>): Promise<void> {
  const {print, say, flags} = context;
  const style = {...print.style, format: print.format === 'name' || flags.quiet ? ('name' as const) : ('jsonl' as const)};
  const lines = printer({write: text => void context.program.stdout.write(text)}, () => undefined, style);
  let known = new Map<string, string>();
  let isAway = false;
  for await (const seen of refresh({load, events: () => client.events({signal}), signal})) {
    if ('away' in seen !== isAway) say('away' in seen ? `${seen.away.message} Trying again.` : 'The server is back.');
    isAway = 'away' in seen;
    if ('away' in seen) continue;
    const change = changesOf(known, seen.page, view.name);
    known = change.known;
    await lines.list({items: arrange(change.changed, view, {sort: wish.sort}).items}, view);
    if (style.format === 'jsonl') for (const gone of change.gone) await lines.value({gone}, '');
  }
}
