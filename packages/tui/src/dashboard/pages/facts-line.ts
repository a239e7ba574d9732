import type {DevBoxView, JobView} from '@boxyard/core/api';
import {exitText, statusText} from '../../output/views/jobs.ts';
import {boxCpu, boxMemory, whyOf} from './facts.ts';
import {devboxTarget, targetOf} from '../rows.ts';
import type {State} from '../state.ts';

/** Image, CPU and memory, where it is in its life, and why. */
export function factsLine(state: State): string {
  const target = targetOf(state);
  const box = devboxTarget(state);
  if (target.is === 'job')
    return [target.job.image?.ref ?? box?.image, ...jobFacts(target.job), ...(box === undefined ? [] : boxFigures(state, box))]
      .filter(Boolean)
      .join(' · ');
  return box === undefined
    ? ''
    : [box.image, box.state, ...boxFigures(state, box), box.worker?.name, box.reason].filter(Boolean).join(' · ');
}

function boxFigures({figures}: State, box: DevBoxView): readonly (string | undefined)[] {
  const cpu = boxCpu(box, figures);
  const memory = boxMemory(box, figures);
  return [cpu && `CPU ${cpu}`, memory && `memory ${memory}${cpu === '' ? ' reserved' : ''}`];
}

function jobFacts(job: JobView): readonly (string | undefined)[] {
  const phase = job.phases.findLast(each => each.endedAt === undefined)?.name;
  return [job.worker?.name, statusText(job), exitText(job), phase, whyOf(job)];
}
