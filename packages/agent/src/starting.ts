import type {Step} from '@boxyard/core/protocol';

/** One mark on disk covers both steps: a box that was made is started at once, and an image that is there costs no time before. */
export const isOneMark = (step: Step | undefined, next: Step | undefined): boolean =>
  (step?.do === 'image.pull' && !step.always && next?.do === 'container.create') ||
  (step?.do === 'container.create' && next?.do === 'container.start');

/** The first engine call that could take the agent down is all but the next thing: accepting the job notes that too (R27). */
export function beginsAtOnce(steps: readonly Step[]): boolean {
  const [first, second] = steps;
  if (first?.do === 'container.create' || isOneMark(first, second)) return true;
  const isExec = first?.do === 'container.exec' || first?.do === 'container.exec.background';
  return isExec && first.secrets.length === 0 && (first.masks ?? []).length === 0;
}

/** From when it runs the job runs; a job without one runs from its first step. */
export const isProgram = (step: Step): boolean =>
  step.do === 'container.wait' || step.do === 'display.open' || step.do.startsWith('container.exec');

/** People may look on at it. */
export const isWatched = (step: Step): boolean => step.do === 'display.open' || ('command' in step && step.command.tty !== undefined);
