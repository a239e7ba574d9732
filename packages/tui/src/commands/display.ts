import {boolean, string} from '@oclif/core/flags';
import type {DisplayRequest} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';
import {required, whole} from '../cli/flags.ts';
import {checkTerminal} from '../cli/follow-terminal.ts';
import {watchEnding} from '../cli/interrupts.ts';
import {graphicsFlag} from '../cli/terminal-graphics.ts';
import type {GraphicsWish} from '../screen/graphics/choose.ts';
import {lookAt, openDisplay} from '../services/displays.ts';
import {serveDisplay} from '../services/serve-display.ts';

export default defineCommand({
  summary: 'Watch and control the desktop of a DevBox',
  description:
    'Opens its display, or finds the one that is open, and shows it in this terminal: keys, pastes and mouse go to the desktop. The leader key (ctrl-q) and d leaves it, t takes control from another viewer, z shows pixels one to one and the arrows move, r gives the desktop this terminal’s size, y and p copy and paste, ctrl-q twice sends ctrl-q. --listen serves it to any VNC viewer on this machine instead.',
  examples: [
    {does: 'In this terminal', line: 'display web'},
    {does: 'Only look', line: 'display --read-only web'},
    {does: 'For a VNC viewer: vncviewer localhost:5901', line: 'display web --listen 5901'},
    {does: 'A picture of it', line: 'display shot web -o desktop.png'},
  ],
  args: {devbox: required('name or id of the DevBox')},
  flags: {
    listen: whole('listen', {min: 0, max: 65_535})({
      description: 'serve it on this port of 127.0.0.1, without a password',
      helpValue: 'PORT',
    }),
    'read-only': boolean({description: 'look on without controlling'}),
    size: string({description: 'of a desktop that is begun now', helpValue: 'WIDTHxHEIGHT'}),
    graphics: graphicsFlag,
    fps: whole('fps', {min: 1, max: 60})({description: 'pictures in a second, at most', default: 15}),
  },
  async run(context, {args, flags}) {
    const control = flags['read-only'] ? ('none' as const) : undefined;
    if (flags.listen === undefined) checkTerminal(context, `boxyard display shot ${args.devbox} -o desktop.png`);
    const {client} = await context.connect();
    const request = requestOf(flags.size);
    const {id} = await openDisplay(client, args.devbox, request, () => context.say('The server did not answer; asking again.'));
    try {
      if (flags.listen !== undefined)
        return await serve(context, client, {devbox: args.devbox, request, port: flags.listen, control: control ?? 'take'});
      const graphics = flags.graphics as GraphicsWish;
      return await show(context, client, {job: id, name: args.devbox, control: control ?? 'wait', graphics, fps: flags.fps});
    } finally {
      client.close();
    }
  },
});

function requestOf(size: string | undefined): DisplayRequest {
  if (size === undefined) return {};
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(size) ?? [];
  if (width === undefined) throw new BoxyardError('INVALID_INPUT', {field: '--size', issue: `expected as 1280x800, got ${size}`});
  return {width: Number(width), height: Number(height)};
}

interface ToServe {
  readonly devbox: string;
  readonly request: DisplayRequest;
  readonly port: number;
  readonly control: 'take' | 'none';
}

async function serve(context: Context, client: Client, options: ToServe): Promise<number> {
  const ending = watchEnding(context);
  const failed = (error: Error) => context.say(`${options.devbox}: ${error.message}`);
  const serving = await serveDisplay({client, ...options, failed});
  try {
    await context.print.item({devbox: options.devbox, address: serving.address}, {name: item => item.address, text: item => item.address});
    context.say('Any VNC viewer on this machine; it needs no password. Ctrl-C ends it.');
    if (!ending.leaving.aborted) await new Promise(resolve => ending.leaving.addEventListener('abort', resolve, {once: true}));
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
}

async function show(context: Context, client: Client, {job, control, ...shown}: ToShow): Promise<number> {
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
    signal: ending.leaving,
  });
  try {
    await Promise.race([viewing, failed.promise]);
    context.say(`Left; the display goes on. Back: boxyard display ${shown.name}`);
    return 0;
  } catch (error) {
    if (ending.leaving.aborted) return ending.code();
    if (!isBoxyardError(error) || error.details['what'] !== 'open display') throw error;
    context.say(`The display of ${shown.name} was closed.`);
    return 0;
  } finally {
    ending.release();
  }
}
