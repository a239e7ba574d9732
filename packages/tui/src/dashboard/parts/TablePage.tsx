import {Box} from 'ink';
import {lackOfPage} from '../actions/action.ts';
import type {ListName} from '../data.ts';
import {bodyRows, firstVisible} from '../layout.ts';
import {fitted, markWidth, rowLine, titleLine} from '../pages/columns.ts';
import {tables, type TableName} from '../pages/tables.ts';
import {cursorOf, isByFigures, rowsOf} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import {Line, Row} from './Lines.tsx';

/** A list of which only the rows in sight are made. */
export function TablePage({state, name}: {readonly state: State; readonly name: TableName}) {
  const page = tables[name];
  const {columns: width, now, look} = state;
  const listed = rowsOf(state);
  const {ids, items} = listed;
  const memory = memoryOf(state);
  const sort = memory.sort ?? page.order;
  const rows = bodyRows(state) - 2;
  const cursor = cursorOf(state);
  const from = firstVisible(Math.max(0, listed.indexOf(cursor)), rows, ids.length);
  const columns = fitted(page.columns, width - markWidth(look));
  const shown = memory.filter === '' ? String(ids.length) : `${ids.length} with /${memory.filter}`;
  const known = isByFigures(state) && ids.length > 0 ? `  figures of ${ids.filter(id => state.figures[id] !== undefined).length}` : '';
  const marked =
    memory.marks.length === 0 ? '' : `  ${memory.marks.length} marked${memory.range === undefined ? '' : ', v ends the range'}`;
  return (
    <Box flexDirection="column" width={width} height={rows + 2}>
      <Line text={` ${page.title} ${shown}${known}${marked}`} width={width} isBold />
      <Line
        text={
          ids.length === 0
            ? `   ${emptyText(state, name)}`
            : `   ${titleLine(columns, width - markWidth(look), sort?.column, sort?.isReversed === true)}`
        }
        width={width}
        isDim
      />
      {ids.slice(from, from + rows).map(id => (
        <Row
          key={id}
          text={rowLine(columns, items.get(id), {width: width - markWidth(look), now, figures: state.figures})}
          tone={page.tone(items.get(id))}
          look={look}
          width={width}
          isSelected={id === cursor}
          isMarked={memory.marks.includes(id)}
          isDim={state.link.status === 'offline'}
        />
      ))}
    </Box>
  );
}

const remote: Readonly<Partial<Record<TableName, ListName>>> = {
  workers: 'workers',
  devboxes: 'devboxes',
  jobs: 'jobs',
  sessions: 'jobs',
  images: 'images',
  clusters: 'clusters',
  roles: 'clusters',
  webhooks: 'webhooks',
  plugins: 'plugins',
  displays: 'jobs',
};

function emptyText(state: State, name: TableName): string {
  if (memoryOf(state).filter !== '') return 'Nothing fits the filter. esc clears it.';
  const list = remote[name];
  const refusal = lackOfPage(state);
  if (refusal !== undefined) return refusal;
  return list !== undefined && !state.data.loaded.includes(list) ? 'Loading…' : tables[name].empty;
}
