import {Box, Text} from 'ink';
import {clip} from '../output/width.ts';
import {PaneTitle} from './ListPane.tsx';
import {selectedIn, type State} from './state.ts';

/** The end of the selected job's output, or the part that was scrolled back to. */
export function LogPane({state, height}: {readonly state: State; readonly height: number}) {
  const {log, columns} = state;
  const count = Math.max(0, height - 1);
  const all = log.open === '' ? log.lines : [...log.lines, log.open];
  const end = Math.max(0, all.length - log.back);
  const visible = all.slice(Math.max(0, end - count), end);
  const job = selectedIn(state, 'jobs');
  const title = job === undefined ? 'Log' : `Log of ${job.id.slice(0, 10)}${log.back > 0 ? `  ▼ ${log.back} more, G follows` : ''}`;
  return (
    <Box flexDirection="column" height={height}>
      <PaneTitle text={title} width={columns} isFocused={state.focus === 'log'} />
      {visible.map((line, i) => (
        <Text key={end - visible.length + i} wrap="truncate">
          {clip(line.replaceAll('\t', '    '), columns) || ' '}
        </Text>
      ))}
    </Box>
  );
}
