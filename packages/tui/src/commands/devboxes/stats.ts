import {setTimeout as delay} from 'node:timers/promises';
import {boolean} from '@oclif/core/flags';
import type {Client} from '@boxyard/core/client';
import {entryOf, fromWire, isBoxyardError} from '@boxyard/core/errors';
import type {Context} from '../../cli/context.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {optionalSeveral} from '../../cli/flags.ts';
import {watchEnding} from '../../cli/interrupts.ts';
import {statsList} from '../../output/views/devboxes.ts';
import {statsOf} from '../../services/devbox-stats.ts';

const everyMs = 2_000;

export default defineCommand({
  summary: 'Show CPU and memory of running DevBoxes',
  description: 'Of those named, or of all that run. 100 % is one processor; memory is what programs use, without the cache of files.',
  examples: [
    {does: 'Of all that run', line: 'devboxes stats'},
    {does: 'Of two, every two seconds', line: 'devboxes stats web api --follow'},
    {does: 'For a program, one object a line', line: 'devboxes stats --follow --output jsonl'},
  ],
  args: {devbox: optionalSeveral('names or ids of DevBoxes')},
  flags: {follow: boolean({char: 'f', description: 'again every two seconds, until Ctrl-C'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const names = args.devbox ?? [];
    if (flags.follow) return follow(context, client, names);
    const rows = await statsOf(client, names);
    const failed = rows.filter(row => row.error !== undefined);
    const first = failed[0]?.error;
    if (names.length > 0 && failed.length === rows.length && first !== undefined) throw fromWire(first);
    await context.print.list({items: rows}, statsList);
    return names.length > 0 && failed.length > 0 ? 7 : 0;
  },
});

/** A server that is away is waited for. */
async function follow(context: Context, client: Client, names: readonly string[]): Promise<number> {
  const ending = watchEnding(context);
  let said = '';
  const say = (text: string) => {
    if (text !== said && text !== '') context.say(text);
    said = text;
  };
  try {
    while (!ending.leaving.aborted) {
      const next = delay(everyMs, undefined, {signal: ending.leaving}).catch(() => undefined);
      say(await round(context, client, {names, signal: ending.leaving}));
      await next;
    }
    return ending.code();
  } finally {
    ending.release();
    client.close();
  }
}

/** Prints them once; resolves to what a person has to be told instead, where there is something. */
async function round({print}: Context, client: Client, {names, signal}: {readonly names: readonly string[]; readonly signal: AbortSignal}) {
  try {
    const rows = await statsOf(client, names, signal);
    if (rows.length === 0) return statsList.empty;
    await print.list({items: rows}, statsList);
    return '';
  } catch (error) {
    if (signal.aborted) return '';
    if (!isBoxyardError(error) || !entryOf(error.code).retryable) throw error;
    return `${error.message} Waiting for it.`;
  }
}
