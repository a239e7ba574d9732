import type {DisplayQuery} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Context} from '../cli/context.ts';
import {tierOf} from '../screen/downgrade.ts';
import {withoutWaiting} from '../screen/terminal-writes.ts';
import {lookAt, openDisplay, wasClosed} from '../services/displays.ts';
import {Picture} from '../tty/picture.ts';
import {viewTerminal} from '../tty/terminal-view.ts';
import {quoted} from './deeds.ts';
import type {PersonTerminal} from './person-terminal.tsx';
import type {Effect, Event, State} from './state.ts';

export interface LentParts {
  readonly terminal: Pick<PersonTerminal, 'lend'>;
  readonly dispatch: (event: Event) => void;
  readonly state: () => State;
  /** The dashboard is left: whoever has its terminal gives it back. */
  readonly signal: AbortSignal;
}

/** Views that have the person's whole terminal for a while. */
export interface LentViews {
  display(effect: Extract<Effect, {type: 'open-display'}>): Promise<void>;
  attach(job: string, isReadonly: boolean): Promise<void>;
}

export function lentViews(context: Context, client: Client, {terminal, dispatch, state, signal}: LentParts): LentViews {
  const leader = () => state().leader;
  return {
    async display({devbox, job, isReadonly}) {
      const onLost = () => dispatch({type: 'said', text: 'The server did not answer; asking again.', isError: false});
      const opened = job ?? (await openDisplay(client, devbox, {}, onLost)).id;
      if (job === undefined) dispatch({type: 'done', line: `boxyard display ${quoted(devbox)}`, isError: false});
      const shown = {job: opened, name: devbox, control: isReadonly ? ('none' as const) : ('wait' as const), leader: leader()};
      await terminal
        .lend(() => showDisplay(context, client, {...shown, isAscii: state().look.isAscii, signal}))
        .catch(async (error: unknown) => {
          if (!signal.aborted) throw isOver(error) ? overError({devbox, isReadonly, isClosed: await wasClosed(client, opened)}) : error;
        });
    },
    async attach(job, isReadonly) {
      const view = () =>
        viewTerminal({
          Picture,
          local: context.program,
          job,
          leader: leader(),
          isReadonly,
          open: (options, handlers) => client.terminal(options, handlers),
          output: from => client.jobsLogs({job, query: {stream: 'stdout', from, follow: 'true'}}),
          signal,
        });
      const {stdout, stderr} = context.program;
      await terminal
        .lend(async () => void (await withoutWaiting([stdout, stderr], view)))
        .catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
    },
  };
}

interface ShownDisplay {
  readonly job: string;
  readonly name: string;
  readonly control: DisplayQuery['control'];
  readonly leader: string;
  readonly isAscii: boolean;
  readonly signal: AbortSignal;
}

const FPS = 15;

/** As `boxyard display` does it; what decodes pictures is loaded where there are some. */
async function showDisplay({program, flags}: Context, client: Client, {job, control, isAscii, ...shown}: ShownDisplay): Promise<void> {
  const {viewDisplay} = await import('../screen/display-view.ts');
  const failed = Promise.withResolvers<never>();
  const viewing = viewDisplay({
    ...shown,
    local: program,
    env: program.env,
    graphics: isAscii ? 'ascii' : 'auto',
    colours: flags['no-color'] ? 'none' : tierOf(program.env),
    fps: FPS,
    look: look => lookAt(client, {job, control, ...look}),
    onFailure: failed.reject,
  });
  await Promise.race([viewing, failed.promise]);
}

const isOver = (error: unknown): boolean => isBoxyardError(error) && error.code === 'NOT_FOUND' && error.details['what'] === 'open display';

interface Over {
  readonly devbox: string;
  readonly isReadonly: boolean;
  readonly isClosed: boolean;
}

function overError({devbox, isReadonly, isClosed}: Over): BoxyardError {
  const message = `The display of ${devbox} ${isClosed ? 'was closed; its desktop goes on.' : 'ended; the log of its job says why.'}`;
  return new BoxyardError('INTERRUPTED', {}, {message, hint: isReadonly ? '' : 'o opens it again.'});
}
