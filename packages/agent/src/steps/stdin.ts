import type {Journal} from '../journal.ts';
import type {HeldState} from '../session-host/wire.ts';
import type {Incoming} from '../streams.ts';
import type {StepContext} from './context.ts';

const feeding = new WeakMap<object, {took(): void; close(): void}>();

/** Who waits for the session host to take bytes of this job; found by its row, which lives as long as the job does. */
export const feedOf = (row: object) => feeding.get(row);

/** Stdin from the server to the session host, from where that one stands; once per job, whoever calls. */
export function feedStdin(context: StepContext, slot: string, state: HeldState): void {
  const {parts, of, row} = context;
  if (state.stdinDone || row.stdinDone === true || feeding.has(row)) return;
  const to = {...of, slot};
  let isGone = false;
  const incoming: Incoming = parts.streams.get(of, 'stdin', {
    from: state.stdinTook,
    write: (bytes, offset) => {
      parts.host.note({type: 'stdin', ...to, offset}, bytes);
      return false;
    },
    end: length => void parts.host.note({type: 'stdin.end', ...to, length, interrupted: false}),
    fail: error => {
      if (!isGone) context.fail(error, 'stdin_interrupted');
    },
  });
  feeding.set(row, {
    took: () => incoming.drained(),
    close: () => {
      isGone = true;
      incoming.close();
    },
  });
}

/** The session host has taken bytes of a job's input, or its end: which is noted, for it must not be fed twice. */
export async function stdinTook(journal: Journal, {job, done}: {readonly job: string; readonly done: boolean}): Promise<void> {
  const row = journal.find(job);
  if (!row) return;
  feedOf(row)?.took();
  if (!done || !row.start.stdin || row.stdinDone === true) return;
  row.stdinDone = true;
  await journal.put(row);
}
