import type {Client} from '@boxyard/core/client';
import {createFigures, figuresInSight} from './figures.ts';
import {createLogFollower} from './follow-log.ts';
import {LiveDisplays} from './live-displays.ts';
import {LivePanes} from './live-panes.ts';
import {displayPanes, followedJob, livePanes} from './panes.ts';
import type {PersonTerminal} from './person-terminal.tsx';
import type {Event, State} from './state.ts';

export interface ShownParts {
  readonly client: Client;
  readonly terminal: Pick<PersonTerminal, 'out' | 'isAscii'>;
  readonly dispatch: (event: Event) => void;
  readonly now: () => number;
}

/** What is open because the state shows it: screens, desktops, a log, figures. */
export interface Shown {
  readonly live: LivePanes;
  readonly displays: LiveDisplays;
  show(state: State): void;
  close(): void;
}

export function openShown({client, terminal: {out, isAscii}, dispatch, now}: ShownParts): Shown {
  const live = new LivePanes({client, out, dispatch});
  const displays = new LiveDisplays({client, out, dispatch, isAscii});
  const log = createLogFollower(client, dispatch, now);
  const figures = createFigures({read: (devbox, signal) => client.devboxesStats({devbox, signal}), dispatch});
  return {
    live,
    displays,
    show(state) {
      live.show(livePanes(state));
      displays.show(displayPanes(state));
      log.follow(followedJob(state), state.log);
      figures.want(figuresInSight(state));
    },
    close() {
      for (const each of [live, displays, log, figures]) each.close();
    },
  };
}
