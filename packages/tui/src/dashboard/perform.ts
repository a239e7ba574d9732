import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import {shellCommand} from '../output/shell-command.ts';
import type {ListName} from './data.ts';
import {lineOf} from './deeds.ts';
import {performDeed, type DeedParts} from './perform-deed.ts';
import type {Effect, Event} from './state.ts';

/** What only the composition can do, because it owns the terminal. */
export interface World extends DeedParts {
  readonly dispatch: (event: Event) => void;
  /** Cells of the pane a new terminal will be shown in. */
  readonly paneSize: () => {readonly columns: number; readonly rows: number};
  /** Opens the display, or the one of that job, and lends it the terminal until it is left. */
  readonly display: (effect: Extract<Effect, {type: 'open-display'}>) => Promise<void>;
  readonly attach: (job: string, isReadonly: boolean) => Promise<void>;
  readonly take: (job: string) => void;
  readonly scroll: (job: string, lines: number) => void;
  readonly copy: (text: string) => Promise<string>;
  readonly save: (name: string, text: string) => Promise<string>;
  readonly cli: (words: readonly string[]) => Promise<void>;
  readonly screenshot: () => Promise<string>;
  readonly setMouse: (isOn: boolean) => void;
  readonly repaint: () => void;
  readonly reload: () => void;
  /** That list is another now. */
  readonly stale: (list: ListName) => void;
  readonly suspend: () => void;
  readonly quit: () => void;
}

/** Carries out what keys asked for; what goes wrong is shown. */
export function createPerformer(world: World): (effect: Effect) => void {
  const {dispatch} = world;
  const failed = (error: Error) => dispatch({type: 'said', text: wordsFor(error), isError: true});
  const tell = (work: Promise<string>) => void work.then(text => dispatch({type: 'said', text, isError: false}), failed);
  return effect => {
    switch (effect.type) {
      case 'deed': {
        const line = lineOf(effect.deed);
        return void performDeed(effect.deed, world).then(
          ({text, note}) => {
            if (note !== undefined) dispatch({type: 'said', text: note, isError: false});
            dispatch({type: 'done', line, isError: false, text});
            const list = effect.deed.do.split('.')[0];
            if (list === 'webhooks' || list === 'clusters') world.stale(list);
          },
          (error: Error) => dispatch({type: 'done', line, isError: true, text: wordsFor(error)}),
        );
      }
      case 'open-terminal':
        return void openTerminal(world, effect).then(({job, isNew}) => {
          dispatch({type: 'opened', job});
          const line = `boxyard terminal --name ${effect.name} ${effect.devbox}`;
          if (isNew) dispatch({type: 'done', line, isError: false});
        }, failed);
      case 'open-display':
        return void world.display(effect).catch(failed);
      case 'attach':
        return void world.attach(effect.job, effect.isReadonly).catch(failed);
      case 'cli':
        return void world.cli(effect.words).catch(failed);
      case 'copy':
        return tell(world.copy(effect.text));
      case 'save':
        return tell(world.save(effect.name, effect.text));
      case 'screenshot':
        return tell(world.screenshot());
      case 'take':
        return world.take(effect.job);
      case 'scroll':
        return world.scroll(effect.job, effect.lines);
      case 'mouse':
        return world.setMouse(effect.isOn);
      default:
        return world[effect.type]();
    }
  };
}

/** What went wrong, and what would help. */
const wordsFor = (error: Error): string => (isBoxyardError(error) && error.hint !== '' ? `${error.message} ${error.hint}` : error.message);

/** The terminal of that name, or a new one of the pane's size. */
async function openTerminal(
  {client, paneSize}: {readonly client: Client; readonly paneSize: World['paneSize']},
  {devbox, name}: Extract<Effect, {type: 'open-terminal'}>,
): Promise<{readonly job: JobView; readonly isNew: boolean}> {
  const there = await client.jobsShow({job: `${devbox}/${name}`}).catch((error: unknown) => {
    if (isBoxyardError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (there !== undefined && there.state !== 'ended') return {job: there, isNew: false};
  const job = await client.devboxesExec({devbox, body: {name, command: shellCommand(), tty: paneSize()}});
  return {job, isNew: true};
}
