import {useSyncExternalStore} from 'react';
import {Box, Text} from 'ink';
import {bodyRows, isTooSmall, leastColumns, leastRows} from './layout.ts';
import {isTable} from './pages/tables.ts';
import {isDetail} from './panes.ts';
import {DetailPage} from './parts/DetailPage.tsx';
import {DisplaysPage} from './parts/DisplaysPage.tsx';
import {Footer} from './parts/Footer.tsx';
import {GridPage} from './parts/GridPage.tsx';
import {Header} from './parts/Header.tsx';
import {HomePage} from './parts/HomePage.tsx';
import {TablePage} from './parts/TablePage.tsx';
import {FormWindow, HelpWindow, MenuWindow, PaletteWindow} from './parts/Windows.tsx';
import {placeOf, type State} from './state.ts';
import type {Store} from './store.ts';

/** The root: the state comes out of the store, and is drawn. */
export function Dashboard({store}: {readonly store: Store}) {
  const state = useSyncExternalStore(store.subscribe, store.getState);
  return <Screen state={state} />;
}

/** Header, body, footer: as many lines as the terminal has, never more. */
export function Screen({state}: {readonly state: State}) {
  const {columns, rows} = state;
  if (isTooSmall(state))
    return <Text>{`Boxyard needs at least ${leastColumns}×${leastRows} characters; this is ${columns}×${rows}.`}</Text>;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {state.mode.is === 'copy' || !state.hasHeader ? null : <Header state={state} />}
      <Box height={bodyRows(state)} width={columns}>
        <Body state={state} />
      </Box>
      {state.mode.is === 'copy' ? null : <Footer state={state} />}
    </Box>
  );
}

function Body({state}: {readonly state: State}) {
  const {mode} = state;
  if (mode.is === 'help') return <HelpWindow state={state} mode={mode} />;
  if (mode.is === 'palette') return <PaletteWindow state={state} mode={mode} />;
  if (mode.is === 'form') return <FormWindow state={state} mode={mode} />;
  if (mode.is === 'menu') return <MenuWindow state={state} mode={mode} />;
  const {page} = placeOf(state);
  if (page === 'home') return <HomePage state={state} />;
  if (page === 'grid') return <GridPage state={state} />;
  if (page === 'displays') return <DisplaysPage state={state} />;
  if (isDetail(page)) return <DetailPage state={state} />;
  return isTable(page) ? <TablePage state={state} name={page} /> : null;
}
