import type {MouseEvent} from '../screen/input-events.ts';
import type {Cell} from '../screen/selection.ts';
import type {TtyOut} from '../screen/tty-out.ts';
import {bodyArea, homeAreas, type Area} from './layout.ts';
import {gridPanes, isTiled} from './panes.ts';
import {placeOf, type State} from './state.ts';

export interface DraggingParts {
  readonly out: Pick<TtyOut, 'select'>;
  readonly state: () => State;
  readonly copy: (text: string) => void;
}

/** What is dragged over with the left button is selected within its pane, and copied when the button is let go. */
export interface Dragging {
  mouse(event: MouseEvent): void;
  /** What was selected is to be seen until something else happens. */
  end(): void;
}

export function createDragging({out, state, copy}: DraggingParts): Dragging {
  let from: Cell | undefined;
  let region: Area | undefined;
  let isShown = false;
  const end = () => {
    from = undefined;
    if (isShown) out.select(undefined);
    isShown = false;
  };
  return {
    end,
    mouse({action, button, column, row}) {
      if (action === 'press') {
        end();
        if (button === 'left') [from, region] = [{column, row}, areaAt(state(), {column, row})];
      }
      if (from === undefined || region === undefined) return;
      if (action === 'drag') {
        isShown = true;
        out.select({region, from, to: {column, row}});
      }
      if (action !== 'release') return;
      const text = isShown ? out.select({region, from, to: {column, row}}) : '';
      from = undefined;
      if (text !== '') copy(text);
    },
  };
}

/** The pane that a cell is in: no line of another one comes along. */
function areaAt(state: State, {column, row}: Cell): Area {
  const {list, side} = homeAreas(state);
  const {page} = placeOf(state);
  const all = page === 'home' ? [list, side] : isTiled(state) ? gridPanes(state).map(({area}) => area) : [];
  const isIn = ({left, top, columns, rows}: Area) => column >= left && column < left + columns && row >= top && row < top + rows;
  return all.find(area => area !== undefined && isIn(area)) ?? bodyArea(state);
}
