import {Box} from 'ink';
import {clusterText, roleText} from '../../output/views/clusters.ts';
import {devboxText} from '../../output/views/devboxes.ts';
import {jobText} from '../../output/views/jobs.ts';
import {pluginText} from '../../output/views/plugins.ts';
import {webhookText} from '../../output/views/webhooks.ts';
import {workerText} from '../../output/views/workers.ts';
import {bodyRows, firstVisible} from '../layout.ts';
import {chosenRow, detailRows} from '../pages/detail-rows.ts';
import {waterfall} from '../pages/waterfall.ts';
import {tabOf, tabsOf} from '../panes.ts';
import {targetOf, thingOf, type Target} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import {Line, Lines, Row} from './Lines.tsx';
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
  const isLive = tab === 'screen' || tab === 'log';
  return (
    <Box flexDirection="column" width={columns} height={rows + 1}>
      <Line text={` ${tabs}${isLive ? `   ${titleOf(state)}` : ''}`} width={columns} isBold />
      {target.is === 'job' && tab === 'screen' ? (
        <ScreenNote state={state} job={target.job} width={columns} rows={rows} />
      ) : tab === 'log' ? (
        <LogLines state={state} width={columns} rows={rows} />
      ) : (
        <Middle state={state} target={target} rows={rows} />
      )}
    </Box>
  );
}

function Middle({state, target, rows}: {readonly state: State; readonly target: Target; readonly rows: number}) {
  const {columns} = state;
  const listed = detailRows(state);
  if (listed === undefined) return <Lines lines={linesOf(state, target)} top={memoryOf(state).top} width={columns} rows={rows} />;
  if (listed.length === 0) return <Line text={`  ${noneText(state)}`} width={columns} />;
  const chosen = chosenRow(state);
  const from = firstVisible(
    Math.max(
      0,
      listed.findIndex(row => row.id === chosen?.id),
    ),
    rows,
    listed.length,
  );
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {listed.slice(from, from + rows).map(({id, text, tone}) => (
        <Row key={id} text={text} tone={tone} look={state.look} width={columns} isSelected={id === chosen?.id} isDim={false} />
      ))}
    </Box>
  );
}

const noneText = (state: State): string => {
  const target = targetOf(state);
  if (target.is === 'webhook') return state.sent?.webhook === target.webhook.id ? 'None. t sends a test.' : 'Loading…';
  return tabOf(state) === 'runs' ? 'None yet. r runs it.' : 'None.';
};

function linesOf(state: State, target: Target): readonly string[] {
  if (target.is === 'none') return ['', '  It is gone. esc goes back.'];
  return tabOf(state) === 'json' ? JSON.stringify(thingOf(target), null, 2).split('\n') : factsOf(state, target);
}

function factsOf({now, look, figures}: State, target: Target): readonly string[] {
  if (target.is === 'worker') return workerText(target.worker, now).split('\n');
  if (target.is === 'cluster') return clusterText(target.cluster).split('\n');
  if (target.is === 'role') return roleText(target.role).split('\n');
  if (target.is === 'webhook') return webhookText(target.webhook, now).split('\n');
  if (target.is === 'plugin') return pluginText(target.plugin).split('\n');
  if (target.is === 'devbox') return devboxText({...target.devbox, stats: figures[target.devbox.id]}, now).split('\n');
  if (target.is !== 'job') return [];
  const chart = waterfall(target.job, now, !look.isLinear);
  return [...jobText(target.job, now).split('\n'), ...(chart.length === 0 ? [] : ['How its time went:', ...chart])];
}
