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
  /** Where what is typed goes: to that session, until the leader says otherwise; undefined where no session has the keyboard. */
  readonly sinkFor: (job: string | undefined) => ((bytes: Buffer) => void) | undefined;
}

/** Parts what is typed into a session from what is asked of the dashboard. */
export function createCapture(
  key: () => string,
  {dispatch, type}: {readonly dispatch: (event: Event) => void; readonly type: (job: string, bytes: Buffer) => void},
): Capture {
  let current: {readonly job: string; readonly sink: (bytes: Buffer) => void} | undefined;
  const sinkOf = (job: string) => {
    // Of its own: a paste that never ended in one session must not keep the leader from the next.
    const leader = new Leader<LeaderWord>(key(), leaderCommands);
    return (bytes: Buffer) => {
      for (const part of leader.take(bytes)) {
        if ('command' in part) dispatch({type: 'leader', command: part.command});
        else type(job, part.type);
      }
    };
  };
  return {
    sinkFor(job) {
      if (job !== current?.job) current = job === undefined ? undefined : {job, sink: sinkOf(job)};
      return current?.sink;
    },
  };
}
