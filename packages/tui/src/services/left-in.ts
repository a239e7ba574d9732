import type {JobView} from '@boxyard/core/api';

/** Where a new terminal is to begin in place of one that its engine took along (R7); undefined where that is not so. */
export function leftIn(last: JobView | undefined): string | undefined {
  if (last?.state !== 'ended' || last.reason?.code !== 'engine_restarted' || last.spec.kind !== 'exec') return undefined;
  return last.session?.directory ?? last.spec.command.cwd;
}
