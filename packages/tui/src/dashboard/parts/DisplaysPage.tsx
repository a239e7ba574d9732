import {Box} from 'ink';
import {displayName} from '../../output/views/displays.ts';
import {bodyRows, headerRows} from '../layout.ts';
import {displayFacts, displayRowOf} from '../pages/displays.ts';
import {gridPanes, isTiled} from '../panes.ts';
import {cursorOf} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import {Tile} from './GridPage.tsx';
import {TablePage} from './TablePage.tsx';

/** Desktops side by side, their pictures painted into the empty middles; a list where there is no room for pictures. */
export function DisplaysPage({state}: {readonly state: State}) {
  if (!isTiled(state)) return <TablePage state={state} name="displays" />;
  const {marks} = memoryOf(state);
  return (
    <Box width={state.columns} height={bodyRows(state)}>
      {gridPanes(state).map(({job, area}) => (
        <Tile
          key={job.id}
          area={{...area, top: area.top - headerRows(state)}}
          title={`${marks.includes(job.id) ? '+ ' : ''}${displayName(job)}${awayText(state, job.id)}`}
          facts={displayFacts(displayRowOf(state, job.id) ?? {job, watchers: undefined}, state.now)}
          isSelected={job.id === cursorOf(state)}
        />
      ))}
    </Box>
  );
}

function awayText({screens}: State, job: string): string {
  const note = screens[job];
  return note?.is === 'away' ? `   away: ${note.why}` : '';
}
