import {string} from '@oclif/core/flags';
import type {EventView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from '../cli/context.ts';
import {watchEnding} from '../cli/interrupts.ts';
import {defineCommand} from '../cli/define-command.ts';
import {repeated} from '../cli/flags.ts';
import {write} from '../cli/job-output.ts';
import {renderStructured} from '../output/print.ts';
import {safeLine} from '../output/safe-text.ts';
import {eventLine} from '../output/views/events.ts';
import {eventFilter} from '../services/event-filter.ts';
import {withSuggestion} from '../services/named-object.ts';

export default defineCommand({
  summary: 'Print what happens, as it happens',
  description:
    'One line for each event: when, what, of what, by whom, and more in a few words. With --output jsonl, or json, each is one CloudEvents document on a line of its own. It goes on through lost connections, behind the last event it printed, until Ctrl-C.',
  examples: [
    {does: 'Everything from now on', line: 'watch'},
    {does: 'Each job that ends, for a program', line: 'watch --type job.ended --output jsonl'},
    {does: 'What happens to a DevBox, and what its programs ask', line: `watch --devbox web --type 'devbox.*' --type session.asks`},
  ],
  flags: {
    type: repeated({description: 'only events of this type, * for anything; may be repeated', helpValue: 'TYPE'}),
    devbox: string({description: 'only what is about this DevBox and its jobs'}),
    job: string({description: 'only what is about this job and its children'}),
    after: string({description: 'begin behind this event, by its seq, not now', helpValue: 'SEQ'}),
  },
  async run(context, {flags}) {
    if (flags.after !== undefined && !/^[A-Za-z0-9-]{1,64}\.\d{1,16}$/.test(flags.after))
      throw new BoxyardError('INVALID_INPUT', {
        field: '--after',
        issue: `expected the seq of an event, such as 1.42, got ${flags.after || 'nothing'}`,
      });
    const isWanted = eventFilter({types: flags.type ?? []});
    const {client} = await context.connect();
    const {devbox, job} = await idsOf(client, flags);
    const isAbout = eventFilter({types: [], devbox, job});
    return follow(context, client, {after: flags.after, isWanted: event => isWanted(event) && isAbout(event)});
  },
});

async function idsOf(client: Client, flags: {readonly devbox?: string | undefined; readonly job?: string | undefined}) {
  const {devbox, job} = flags;
  const found =
    devbox === undefined
      ? undefined
      : await withSuggestion(
          devbox,
          'DevBox',
          () => client.devboxesShow({devbox}),
          () => client.devboxesList(),
        );
  return {devbox: found?.id, job: job === undefined ? undefined : (await client.jobsShow({job})).id};
}

interface Watching {
  readonly after: string | undefined;
  readonly isWanted: (event: EventView) => boolean;
}

async function follow(context: Context, client: Client, {after, isWanted}: Watching): Promise<number> {
  const {program, say} = context;
  const ending = watchEnding(context);
  let last = after;
  const link = connectionNotes(say);
  try {
    for await (const item of client.events({after, signal: ending.leaving})) {
      if (item.type === 'online') link.online();
      else if (item.type === 'offline') link.offline(item.error);
      else if (item.type === 'reset') say('Some events are missing here: the server no longer has those behind the last place.');
      if (item.type !== 'event') continue;
      if (isWanted(item.event)) await write(program.stdout, await render(context, item.event));
      last = item.event.seq;
    }
  } finally {
    link.end();
    ending.release();
    client.close();
  }
  if (last !== undefined) say(`To go on from here: boxyard watch --after ${last}`);
  return ending.code();
}

async function render({print: {format}}: Context, event: EventView): Promise<string> {
  if (format === 'table') return `${eventLine(event)}\n`;
  if (format === 'name') return `${safeLine(event.subject)}\n`;
  if (format === 'yaml') return `---\n${await renderStructured(event, 'yaml')}`;
  return renderStructured(event, 'jsonl');
}

const silentMs = 3_000;

/** A cut that heals at once is not worth a word; a server that was never there is a failure. */
function connectionNotes(say: (line: string) => void) {
  let hasBeen = false;
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;
  return {
    online() {
      clearTimeout(timer);
      timer = undefined;
      if (isAway) say('The server is back.');
      if (!hasBeen) say('Watching. Ctrl-C ends it.');
      hasBeen = true;
      isAway = false;
    },
    offline(error: unknown) {
      if (!hasBeen) throw error;
      if (isAway) return;
      timer ??= setTimeout(() => {
        isAway = true;
        say('The server is away; waiting for it. Events of the meantime come when it is back.');
      }, silentMs);
    },
    end: () => clearTimeout(timer),
  };
}
