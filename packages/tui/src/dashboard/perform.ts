import {randomUUID} from 'node:crypto';
import type {Client} from '@boxyard/core/client';
import type {Effect, Event} from './state.ts';
import {feedLog} from './feed.ts';

export interface PerformerParts {
  readonly client: Client;
  /** The person's default image, as `run` of the CLI takes it at this moment. */
  readonly image: () => Promise<string | undefined>;
  readonly dispatch: (event: Event) => void;
  readonly quit: () => void;
}

/** Carries out what keys asked for, and says which command would have done the same. */
export function createPerformer({client, image, dispatch, quit}: PerformerParts): (effect: Effect) => void {
  let log = new AbortController();
  const say = (text: string, isError = false) => dispatch({type: 'said', text, isError});
  const tell = (command: string, work: Promise<unknown>) => {
    say(`boxyard ${command}`);
    work.catch((error: Error) => say(error.message, true));
  };
  return effect => {
    switch (effect.type) {
      case 'quit':
        log.abort();
        return quit();
      case 'follow':
        log.abort();
        log = new AbortController();
        return void feedLog(client, effect.job, dispatch, log.signal);
      case 'run':
        return tell(
          `run -- ${effect.command.map(quoted).join(' ')}`,
          image().then(named =>
            client.jobsCreate({body: {command: [...effect.command], ...(named === undefined ? {} : {image: named})}, key: randomUUID()}),
          ),
        );
      case 'start':
        return tell(`devboxes start ${effect.devbox}`, client.devboxesStart({devbox: effect.devbox, key: randomUUID()}));
      case 'stop':
        return tell(`devboxes stop ${effect.devbox}`, client.devboxesStop({devbox: effect.devbox, body: {}, key: randomUUID()}));
      case 'cancel':
        return tell(`jobs cancel ${effect.job}`, client.jobsCancel({job: effect.job, body: {}}));
    }
  };
}

const quoted = (word: string) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
