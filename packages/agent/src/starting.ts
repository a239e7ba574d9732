import type {Step} from '@boxyard/core/protocol';

/** One mark on disk covers both steps: a box that was made is started at once, and an image that is there costs no time before. */
export const isOneMark = (step: Step | undefined, next: Step | undefined): boolean =>
  (step?.do === 'image.pull' && !step.always && next?.do === 'container.create') ||
  (step?.do === 'container.create' && next?.do === 'container.start');

/** Whether a crash right behind the acceptance may have been the box's doing (R27). */
export const beginsWithBox = (steps: readonly Step[]): boolean => steps[0]?.do === 'container.create' || isOneMark(steps[0], steps[1]);
