import {Box} from 'ink';
import type {JobView} from '@boxyard/core/api';
import {devboxText} from '../../output/views/devboxes.ts';
import {displayName} from '../../output/views/displays.ts';
import {jobText, statusText} from '../../output/views/jobs.ts';
import {terminalName} from '../../output/views/terminals.ts';
import {isLiveSession, isOpenDisplay} from '../data.ts';
import {roleName} from '../pages/facts.ts';
import {factsLine} from '../pages/facts-line.ts';
import {matchesOf} from '../log-lines.ts';
import type {Area} from '../layout.ts';
import {targetOf} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import {Line, Lines} from './Lines.tsx';
import {LogLines} from './LogLines.tsx';

/** The live screen (painted over the empty middle), the log, or the facts of what the cursor is on; below it one line about it. */
export function SidePane({state, area}: {readonly state: State; readonly area: Area}) {
  const {columns, rows} = area;
  const isFocused = memoryOf(state).pane === 'side' || state.mode.is === 'capture';
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Line text={` ${titleOf(state)}`} width={columns} isBold isInverse={isFocused} />
      <Middle state={state} width={columns} rows={rows - 2} />
      <Line text={` ${factsLine(state)}`} width={columns} isDim />
    </Box>
  );
}

function Middle({state, width, rows}: {readonly state: State; readonly width: number; readonly rows: number}) {
  const target = targetOf(state);
  if (target.is === 'job') {
    if (isLiveSession(target.job) || isOpenDisplay(target.job))
      return <ScreenNote state={state} job={target.job} width={width} rows={rows} />;
    if (state.log.lines.length > 0 || state.log.open !== '') return <LogLines state={state} width={width} rows={rows} />;
    return <Lines lines={jobText(target.job, state.now).split('\n')} top={0} width={width} rows={rows} />;
  }
  const lines = target.is === 'devbox' ? devboxText({...target.devbox, stats: state.figures[target.devbox.id]}, state.now).split('\n') : [];
  return <Lines lines={lines} top={0} width={width} rows={rows} />;
}

/** What stands where the screen will be, until it is there. */
export function ScreenNote({
  state,
  job,
  width,
  rows,
}: {
  readonly state: State;
  readonly job: JobView;
  readonly width: number;
  readonly rows: number;
}) {
  const note = state.screens[job.id];
  const text =
    note?.is === 'away' ? `The worker is away: ${note.why}` : job.session === undefined ? (job.reason?.message ?? statusText(job)) : '';
  return (
    <Box flexDirection="column" width={width} height={rows}>
      <Line text={note?.is === 'live' ? '' : ` ${text}`} width={width} isDim />
    </Box>
  );
}

export function titleOf(state: State): string {
  const target = targetOf(state);
  if (target.is === 'devbox') return target.devbox.name;
  if (target.is === 'cluster' || target.is === 'role') return logTitle(state);
  if (target.is !== 'job') return '';
  const {job} = target;
  const {leader} = state;
  if (isOpenDisplay(job)) return `Desktop of ${displayName(job)}   enter opens it`;
  if (isLiveSession(job)) {
    const keys =
      state.mode.is === 'capture'
        ? state.mode.isTaken === true
          ? `${leader} t types here again`
          : `${leader} d leaves`
        : 'enter types here';
    const note = state.screens[job.id];
    const away = note?.is === 'away' ? `   away: ${note.why}` : '';
    const title = job.session?.title;
    return `${terminalName(job)}${away}${title ? `: ${title}` : ''}   ${keys}`;
  }
  return logTitle(state);
}

function logTitle(state: State): string {
  const {log} = state;
  const job = state.data.jobs.get(log.job ?? '');
  if (job === undefined) return 'No run yet. r runs it.';
  const of = roleName(job) ?? job.name ?? '';
  const back =
    log.held === undefined ? (log.back > 0 ? `   ▼ ${log.back} newer, G follows` : '') : `   paused, ${log.held.arrived} newer, p goes on`;
  const search = log.search === '' ? '' : `   ${matchesOf(log).length} with “${log.search}”`;
  return `Log of ${job.id.slice(0, 10)}${of === '' ? '' : ` (${of})`}${back}${search}`;
}
