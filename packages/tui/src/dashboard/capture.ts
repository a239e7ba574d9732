import {Leader} from '../tty/leader.ts';
import type {Event} from './state.ts';

type LeaderWord = Extract<Event, {type: 'leader'}>['command'];
const leaderCommands: Readonly<Record<string, LeaderWord>> = {
  d: 'leave',
  q: 'leave',
  ' ': 'next',
  t: 'take',
  z: 'zoom',
  '+': 'zoom',
  '?': 'help',
};

export interface Capture {
  /** Where what is typed goes: to that session, until the leader says otherwise. */
  readonly sinkFor: (job: string) => (bytes: Buffer) => void;
}

/** Parts what is typed into a session from what is asked of the dashboard. */
export function createCapture(
  key: string,
  {dispatch, type}: {readonly dispatch: (event: Event) => void; readonly type: (job: string, bytes: Buffer) => void},
): Capture {
  const leader = new Leader<LeaderWord>(key, leaderCommands);
  return {
    sinkFor: job => bytes => {
      for (const part of leader.take(bytes)) {
        if ('command' in part) dispatch({type: 'leader', command: part.command});
        else type(job, part.type);
      }
    },
  };
}
