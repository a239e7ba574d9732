import {Box, Text} from 'ink';
import {countOf, formatAge} from '../output/amounts.ts';
import {clip, pad} from '../output/width.ts';
import {safeLine} from '../output/safe-text.ts';
import {HelpPane} from './HelpPane.tsx';
import {footerText} from './keymap.ts';
import {layout, leastColumns, leastRows} from './layout.ts';
import {ListPane} from './ListPane.tsx';
import {LogPane} from './LogPane.tsx';
import type {State} from './state.ts';

/** Header, panes, footer: as many lines as the terminal has, never more. */
export function DashboardScreen({state}: {readonly state: State}) {
  const {columns, rows} = state;
  if (columns < leastColumns || rows < leastRows) return <Text>Boxyard needs at least {`${leastColumns}×${leastRows}`} characters.</Text>;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Text wrap="truncate" inverse>
        {pad(clip(headerText(state), columns), columns)}
      </Text>
      {state.isHelpOpen ? <HelpPane height={rows - 2} width={columns} /> : <Panes state={state} />}
      <Text wrap="truncate" bold={state.prompt !== undefined || state.question !== undefined}>
        {clip(bottomText(state), columns)}
      </Text>
    </Box>
  );
}

function Panes({state}: {readonly state: State}) {
  return (
    <Box flexDirection="column">
      {layout(state).map(({pane, height}) =>
        pane === 'log' ? (
          <LogPane key={pane} state={state} height={height} />
        ) : (
          <ListPane key={pane} state={state} list={pane} height={height} />
        ),
      )}
    </Box>
  );
}

function headerText({link, server, workers, devboxes, jobs, now}: State): string {
  const status = {
    connecting: '○ connecting',
    online: '● online',
    offline: `▲ offline for ${formatAge(link.since, now)}, what you see is old`,
  }[link.status];
  const active = jobs.filter(job => job.state !== 'ended').length;
  return ` Boxyard  ${server}  ${status}  ${countOf(workers.length, 'worker')}  ${countOf(devboxes.length, 'DevBox', 'DevBoxes')}  ${countOf(active, 'job')} at work`;
}

function bottomText({prompt, question, notice, isLeaving, link}: State): string {
  if (isLeaving) return 'Ctrl-C again leaves; the server and the workers go on.';
  if (question !== undefined) return `${safeLine(question.text)}  y yes   any other key no`;
  if (prompt !== undefined) return prompt.kind === 'run' ? `run: ${prompt.text}█` : `:${prompt.text}█`;
  if (notice !== undefined) return safeLine(notice.text);
  return link.status === 'offline' && link.why !== undefined ? `${safeLine(link.why)}  ? help  q quit` : footerText();
}
