import {Box, Text} from 'ink';
import {safeLine} from '../../output/safe-text.ts';
import {clip, pad, textWidth} from '../../output/width.ts';
import {ageText} from '../ages.ts';
import {firstVisible, homeAreas, type Area} from '../layout.ts';
import type {HomeRow} from '../pages/home.ts';
import {markWidth} from '../pages/columns.ts';
import {cursorOf, shownHomeRows} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import {styled} from '../styled.ts';
import {Line, Row} from './Lines.tsx';
import {SidePane} from './SidePane.tsx';

/** What asks and what goes on, on the left; what the cursor is on, live, on the right. */
export function HomePage({state}: {readonly state: State}) {
  const {list, side} = homeAreas(state);
  if (shownHomeRows(state).length === 0) return <EmptyHome state={state} />;
  return (
    <Box width={state.columns} height={(list ?? side)!.rows}>
      {list === undefined ? null : <HomeList state={state} area={list} />}
      {list === undefined || side === undefined ? null : <Divider rows={side.rows} />}
      {side === undefined ? null : <SidePane state={state} area={side} />}
    </Box>
  );
}

function Divider({rows}: {readonly rows: number}) {
  return (
    <Box flexDirection="column" width={1} height={rows}>
      {Array.from({length: rows}, (_, i) => (
        <Text key={i}>{styled('│', {isDim: true})}</Text>
      ))}
    </Box>
  );
}

function HomeList({state, area}: {readonly state: State; readonly area: Area}) {
  const rows = shownHomeRows(state);
  const cursor = cursorOf(state);
  const from = firstVisible(
    Math.max(
      0,
      rows.findIndex(row => row.id === cursor),
    ),
    area.rows,
    rows.length,
  );
  const isFocused = memoryOf(state).pane === 'list' && state.mode.is !== 'capture';
  return (
    <Box flexDirection="column" width={area.columns} height={area.rows}>
      {rows
        .slice(from, from + area.rows)
        .map(row =>
          row.is === 'heading' ? (
            <Line key={row.id} text={` ${row.text}`} width={area.columns} isBold isDim={!isFocused} />
          ) : (
            <Row
              key={row.id}
              text={homeLine(row, area.columns - markWidth(state.look), state.now)}
              tone={row.tone}
              look={state.look}
              width={area.columns}
              isSelected={row.id === cursor}
              isDim={state.link.status === 'offline' || row.rank === 'stopped'}
            />
          ),
        )}
    </Box>
  );
}

/** Name, branch, what it does, and since when. */
function homeLine(row: Exclude<HomeRow, {is: 'heading'}>, width: number, now: number): string {
  const age = ageText(row.since, now).padStart(4);
  // Measured as it is shown: what is made harmless has another width.
  const called = safeLine(row.name);
  const name = pad(clip(called, nameWidth), Math.min(nameWidth, Math.max(8, textWidth(called))));
  const branch = row.branch === '' ? '' : ` ${clip(safeLine(row.branch), branchWidth)}`;
  const left = `${name}${branch}  ${safeLine(row.doing.replaceAll(/\s+/g, ' '))}`;
  return `${pad(clip(left, width - 5), width - 5)} ${age}`;
}

const nameWidth = 20;
const branchWidth = 14;

const offers: readonly (readonly [string, string, string])[] = [
  ['n', 'new DevBox', 'a container that lives on, to work in'],
  ['r', 'run', 'a command on any worker, in a fresh container'],
  ['i', 'invite', 'another machine into this pool'],
];

function EmptyHome({state}: {readonly state: State}) {
  const {columns} = state;
  const isLoading = !state.data.loaded.includes('jobs');
  const lines = isLoading
    ? ['', '   Loading…']
    : memoryOf(state).filter !== ''
      ? ['', '   Nothing fits the filter. esc clears it.']
      : ['', '   Nothing goes on here yet.', '', ...offers.map(([key, word, what]) => `   ${key}  ${word.padEnd(12)} ${what}`)];
  return (
    <Box flexDirection="column" width={columns}>
      {lines.map((line, i) => (
        <Line key={i} text={line} width={columns} />
      ))}
    </Box>
  );
}
