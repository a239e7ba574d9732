import {memo} from 'react';
import {Box, Text} from 'ink';
import type {Column} from '../output/table.ts';
import {clip, pad} from '../output/width.ts';
import {firstVisible} from './layout.ts';
import {devboxColumns, jobColumns, listLines, workerColumns} from './rows.ts';
import {selectedIn, type ListName, type State} from './state.ts';

const about: Readonly<Record<ListName, {readonly title: string; readonly empty: string}>> = {
  workers: {title: 'Workers', empty: 'No workers. boxyard workers invite brings one.'},
  devboxes: {title: 'DevBoxes', empty: 'No DevBoxes. boxyard devboxes create web --image debian:12'},
  jobs: {title: 'Jobs', empty: 'No jobs. Press r and type a command.'},
};

/** A list of which only the visible rows are made. */
export function ListPane({state, list, height}: {readonly state: State; readonly list: ListName; readonly height: number}) {
  const width = state.columns;
  const count = Math.max(0, height - 2);
  const {items, columns} = contentOf(state, list);
  const selected = Math.max(
    0,
    items.findIndex(item => item.id === selectedIn(state, list)?.id),
  );
  const from = firstVisible(selected, count, items.length);
  const {title, rows} = listLines(items, columns, {width, now: state.now, from, count});
  const isFocused = state.focus === list;
  const isStale = state.link.status === 'offline';
  return (
    <Box flexDirection="column" height={height}>
      <PaneTitle text={`${about[list].title} ${items.length}`} width={width} isFocused={isFocused} />
      <Text wrap="truncate" dimColor>
        {items.length === 0 ? about[list].empty : title}
      </Text>
      {rows.map((row, i) => (
        <Row key={items[from + i]!.id} text={row} isSelected={isFocused && from + i === selected} isDim={isStale} />
      ))}
    </Box>
  );
}

export function PaneTitle({text, width, isFocused}: {readonly text: string; readonly width: number; readonly isFocused: boolean}) {
  const line = pad(clip(`${isFocused ? '▌' : ' '}${text} `, width), width);
  return (
    <Text wrap="truncate" bold={isFocused} underline dimColor={!isFocused}>
      {line}
    </Text>
  );
}

const Row = memo(function Row({text, isSelected, isDim}: {readonly text: string; readonly isSelected: boolean; readonly isDim: boolean}) {
  return (
    <Text wrap="truncate" inverse={isSelected} dimColor={isDim && !isSelected}>
      {text}
    </Text>
  );
});

function contentOf(
  state: State,
  list: ListName,
): {readonly items: readonly {readonly id: string}[]; readonly columns: readonly Column<{readonly id: string}>[]} {
  const columns = {workers: workerColumns, devboxes: devboxColumns, jobs: jobColumns}[list];
  return {items: state[list], columns: columns as unknown as readonly Column<{readonly id: string}>[]};
}
