import {boolean, string} from '@oclif/core/flags';
import type {DisplayRequest} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';
import {browseDisplay} from '../cli/browse-display.ts';
import {duration, required, whole} from '../cli/flags.ts';
import {checkTerminal, hasTerminal} from '../cli/follow-terminal.ts';
import {watchEnding} from '../cli/interrupts.ts';
import {recordDisplay} from '../cli/record-display.ts';
import {graphicsFlag} from '../cli/terminal-graphics.ts';
import type {GraphicsWish} from '../screen/graphics/choose.ts';
import {lookAt, openDisplay, untilShown, wasClosed} from '../services/displays.ts';
import {serveDisplay} from '../services/serve-display.ts';

export default defineCommand({
  summary: 'Watch and control the desktop of a DevBox',
  description:
    'Opens its display, or finds the one that is open, and shows it in this terminal: keys, pastes and mouse go to the desktop. The leader key (ctrl-q) and d leaves it, t takes control from another viewer, z shows pixels one to one and the arrows move, r gives the desktop this terminal’s size, y and p copy and paste, ctrl-q twice sends ctrl-q. --listen serves it to any VNC viewer on this machine instead. --browser prints a link for a browser, and opens it where there is one: it works once, within 60 s. --record also writes what is shown into an animated PNG, which loses nothing and is played by any browser; without a terminal it only records.',
  examples: [
    {does: 'In this terminal', line: 'display web'},
    {does: 'Only look', line: 'display --read-only web'},
    {does: 'For a VNC viewer: vncviewer localhost:5901', line: 'display web --listen 5901'},
    {does: 'In a browser', line: 'display web --browser'},
    {does: 'Ten seconds of it, to send to somebody', line: 'display web --record web.png --for 10s'},
    {does: 'A picture of it', line: 'display shot web -o desktop.png'},
  ],
  args: {devbox: required('name or id of the DevBox')},
  flags: {
    listen: whole('listen', {min: 0, max: 65_535})({
      description: 'serve it on this port of 127.0.0.1, without a password',
      helpValue: 'PORT',
    }),
    browser: boolean({description: 'print a link for a browser, and open it', exclusive: ['listen']}),
    'no-open': boolean({description: 'of --browser: print the link alone', dependsOn: ['browser']}),
    record: string({description: 'write it into this new file, an animated PNG', helpValue: 'FILE'}),
    for: duration('for')({description: 'of --record: end after so long', dependsOn: ['record']}),
    'read-only': boolean({description: 'look on without controlling'}),
    size: string({description: 'of a desktop that is begun now', helpValue: 'WIDTHxHEIGHT'}),
    graphics: graphicsFlag,
    fps: whole('fps', {min: 1, max: 60})({description: 'pictures in a second, at most', default: 15}),
  },
  async run(context, {args, flags}) {
    const control = flags['read-only'] ? ('none' as const) : undefined;
    const isHere = flags.listen === undefined && !flags.browser && (flags.record === undefined || hasTerminal(context));
    if (isHere) checkTerminal(context, `boxyard display shot ${args.devbox} -o desktop.png`);
    const {devbox} = args;
    const request = await requestOf(flags.size);
    const {client} = await context.connect();
    const {id: job} = await openDisplay(client, devbox, request, () => context.say('The server did not answer; asking again.'));
    const graphics = flags.graphics as GraphicsWish;
    const view = (until?: AbortSignal): Promise<number> =>
      flags.listen === undefined
        ? show(context, client, {job, name: devbox, control: control ?? 'wait', graphics, fps: flags.fps, until})
        : serve(context, client, {devbox, request, port: flags.listen, control: control ?? 'take', until});
    try {
      const isElsewhere = flags.browser || flags.listen !== undefined;
      const left = isElsewhere ? await leftBeforeShown(context, client, job) : undefined;
      if (left !== undefined) return left;
      if (flags.browser) await browseDisplay(context, client, {job, devbox, control: control ?? 'wait', mayOpen: !flags['no-open']});
      const isShown = isHere || flags.listen !== undefined;
      if (flags.record === undefined) return isShown ? await view() : 0;
      const recording = {job, devbox, path: flags.record, fps: flags.fps, forMs: flags.for};
      return await recordDisplay(context, client, recording, isShown ? view : undefined);
    } finally {
      client.close();
    }
  },
});

/** An address is of no use where no desktop comes about. Resolves to the exit code where somebody leaves before. */
async function leftBeforeShown(context: Context, client: Client, job: string): Promise<number | undefined> {
  const ending = watchEnding(context);
  try {
    await untilShown(client, job, ending.leaving);
    return undefined;
  } catch (error) {
    if (ending.leaving.aborted) return ending.code();
    throw error;
  } finally {
    ending.release();
  }
}

const eitherOf = (leaving: AbortSignal, until: AbortSignal | undefined): AbortSignal =>
  until === undefined ? leaving : AbortSignal.any([leaving, until]);

async function requestOf(size: string | undefined): Promise<DisplayRequest> {
  if (size === undefined) return {};
  const {DisplayRequest: schema} = await import('@boxyard/core/api');
  const [, width, height] = /^(\d{1,9})x(\d{1,9})$/.exec(size) ?? [];
  const asked = schema.safeParse({width: Number(width), height: Number(height)});
  if (asked.success) return asked.data;
  throw new BoxyardError('INVALID_INPUT', {field: '--size', issue: `expected as 1280x800, from 16x16 to 7680x7680, got ${size}`});
}

interface ToServe {
  readonly devbox: string;
  readonly request: DisplayRequest;
  readonly port: number;
  readonly control: 'take' | 'none';
  readonly until?: AbortSignal | undefined;
}

async function serve(context: Context, client: Client, options: ToServe): Promise<number> {
  const ending = watchEnding(context);
  const failed = (error: Error) => context.say(`${options.devbox}: ${error.message}`);
  const serving = await serveDisplay({client, ...options, failed});
  try {
    await context.print.item({devbox: options.devbox, address: serving.address}, {name: item => item.address, text: item => item.address});
    context.say('Any VNC viewer on this machine; it needs no password. Ctrl-C ends it.');
    const over = eitherOf(ending.leaving, options.until);
    if (!over.aborted) await new Promise(resolve => over.addEventListener('abort', resolve, {once: true}));
    return 0;
  } finally {
    serving.close();
    ending.release();
  }
}

interface ToShow {
  readonly job: string;
  readonly name: string;
  readonly control: 'wait' | 'none';
  readonly graphics: GraphicsWish;
  readonly fps: number;
  readonly until?: AbortSignal | undefined;
}

async function show(context: Context, client: Client, {job, control, until, ...shown}: ToShow): Promise<number> {
  const {program} = context;
  const [{viewDisplay}, {tierOf}] = await Promise.all([import('../screen/display-view.ts'), import('../screen/downgrade.ts')]);
  const ending = watchEnding(context);
  const failed = Promise.withResolvers<never>();
  const viewing = viewDisplay({
    ...shown,
    local: program,
    env: program.env,
    leader: context.setting('leader'),
    colours: context.flags['no-color'] ? 'none' : tierOf(program.env),
    look: look => lookAt(client, {job, control, ...look}),
    onFailure: failed.reject,
    signal: eitherOf(ending.leaving, until),
  });
  try {
    await Promise.race([viewing, failed.promise]);
    context.say(`Left; the display goes on. Back: boxyard display ${shown.name}`);
    return 0;
  } catch (error) {
    if (ending.leaving.aborted) return ending.code();
    if (until?.aborted === true) return 0;
    if (!isBoxyardError(error) || error.details['what'] !== 'open display') throw error;
    const isClosed = await wasClosed(client, job);
    context.say(`The display of ${shown.name} ${isClosed ? 'was closed.' : `ended. Why: boxyard jobs logs ${job} --stream log`}`);
    return 0;
  } finally {
    ending.release();
  }
}
