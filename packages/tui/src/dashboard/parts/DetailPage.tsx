import {Box} from 'ink';
import type {JobView} from '@boxyard/core/api';
import {devboxText} from '../../output/views/devboxes.ts';
import {commandText, exitText, jobText, statusText} from '../../output/views/jobs.ts';
import {workerText} from '../../output/views/workers.ts';
import {bodyRows} from '../layout.ts';
import {waterfall} from '../pages/waterfall.ts';
import {tabOf, tabsOf} from '../panes.ts';
import {targetOf, type Target} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import {Line, Lines} from './Lines.tsx';
import {LogLines} from './LogLines.tsx';
import {ScreenNote, titleOf} from './SidePane.tsx';

/** One worker, DevBox or job: its tabs, and the one that is open. */
export function DetailPage({state}: {readonly state: State}) {
  const {columns} = state;
  const rows = bodyRows(state) - 1;
  const tab = tabOf(state);
  const tabs = tabsOf(state)
    .map(each => (each === tab ? `[${each}]` : ` ${each} `))
    .join(' ');
  const target = targetOf(state);
  const isLive = target.is === 'job' && (tab === 'screen' || tab === 'log');
  return (
    <Box flexDirection="column" width={columns} height={rows + 1}>
      <Line text={` ${tabs}${isLive ? `   ${titleOf(state)}` : ''}`} width={columns} isBold />
      {target.is === 'job' && tab === 'screen' ? (
        <ScreenNote state={state} job={target.job} width={columns} rows={rows} />
      ) : tab === 'log' ? (
        <LogLines state={state} width={columns} rows={rows} />
      ) : (
        <Lines lines={linesOf(state, target)} top={memoryOf(state).top} width={columns} rows={rows} />
      )}
    </Box>
  );
}

function linesOf(state: State, target: Target): readonly string[] {
  const tab = tabOf(state);
  if (target.is === 'none') return ['', '  It is gone. esc goes back.'];
  if (tab === 'json') return JSON.stringify(thingOf(target), null, 2).split('\n');
  if (tab === 'children' && target.is === 'job') return childrenOf(state, target.job);
  if (tab === 'devboxes' && target.is === 'worker')
    return named(
      [...state.data.devboxes.values()]
        .filter(box => box.worker?.id === target.worker.id)
        .map(box => `${box.name.padEnd(24)} ${box.state}`),
    );
  if (tab === 'jobs') return named(jobsOf(state, target).map(jobLine));
  return factsOf(state, target);
}

const named = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? ['', '  None.'] : lines.map(line => `  ${line}`));
const jobLine = (job: JobView): string =>
  `${job.id.slice(0, 10)}  ${statusText(job).padEnd(12)} ${(exitText(job) ?? '').padEnd(10)} ${commandText(job)}`;

const jobsOf = ({data}: State, target: Target): readonly JobView[] =>
  [...data.jobs.values()].filter(job =>
    target.is === 'worker' ? job.worker?.id === target.worker.id : target.is === 'devbox' && job.devbox?.id === target.devbox.id,
  );

const childrenOf = ({data}: State, parent: JobView): readonly string[] =>
  named(
    [...data.jobs.values()].filter(job => job.parent === parent.id).map(job => `${(job.worker?.name ?? '').padEnd(12)} ${jobLine(job)}`),
  );

function factsOf({now, look, figures}: State, target: Target): readonly string[] {
  if (target.is === 'worker') return workerText(target.worker, now).split('\n');
  if (target.is === 'devbox') return devboxText({...target.devbox, stats: figures[target.devbox.id]}, now).split('\n');
  if (target.is !== 'job') return [];
  const chart = waterfall(target.job, now, !look.isLinear);
  return [...jobText(target.job, now).split('\n'), ...(chart.length === 0 ? [] : ['How its time went:', ...chart])];
}

const thingOf = (target: Exclude<Target, {is: 'none'}>): unknown =>
  target.is === 'worker' ? target.worker : target.is === 'devbox' ? target.devbox : target.is === 'job' ? target.job : target.image;
