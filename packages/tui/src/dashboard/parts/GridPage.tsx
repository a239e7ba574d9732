import {Box} from 'ink';
import {terminalName} from '../../output/views/terminals.ts';
import {bodyRows, headerRows, type Area} from '../layout.ts';
import {gridPanes} from '../panes.ts';
import {doing} from '../pages/facts.ts';
import {cursorOf} from '../rows.ts';
import type {State} from '../state.ts';
import {Line} from './Lines.tsx';

/** Live terminals side by side; their screens are painted into the empty middles. */
export function GridPage({state}: {readonly state: State}) {
  const panes = gridPanes(state);
  const height = bodyRows(state);
  if (panes.length === 0) return <Line text="   No terminals. t on a DevBox opens one." width={state.columns} />;
  return (
    <Box width={state.columns} height={height}>
      {panes.map(({job, area}) => (
        <Tile
          key={job.id}
          area={{...area, top: area.top - headerRows(state)}}
          title={`${terminalName(job)}  ${doing(job)}`}
          facts={job.session?.title ?? ''}
          isSelected={job.id === cursorOf(state)}
          isCaptured={state.mode.is === 'capture' && state.mode.job === job.id}
        />
      ))}
    </Box>
  );
}

interface TileProps {
  readonly area: Area;
  readonly title: string;
  readonly facts: string;
  readonly isSelected: boolean;
  readonly isCaptured?: boolean;
}

/** A title, an empty middle that something is painted into, and a line below it. */
export function Tile({area, title, facts, isSelected, isCaptured = false}: TileProps) {
  return (
    <Box position="absolute" left={area.left} top={area.top} width={area.columns} height={area.rows} flexDirection="column">
      <Line
        text={` ${isCaptured ? '◆ ' : ''}${title}`}
        width={area.columns}
        isBold={isSelected}
        isInverse={isSelected}
        isDim={!isSelected}
      />
      <Box height={area.rows - 2} />
      <Line text={` ${facts}`} width={area.columns} isDim />
    </Box>
  );
}
