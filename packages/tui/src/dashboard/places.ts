export const pageNames = [
  'home',
  'devboxes',
  'jobs',
  'sessions',
  'workers',
  'images',
  'clusters',
  'roles',
  'webhooks',
  'plugins',
  'displays',
  'events',
  'messages',
  'settings',
  'commands',
  'grid',
  'devbox',
  'job',
  'worker',
  'cluster',
  'role',
  'webhook',
  'plugin',
] as const;
export type PageName = (typeof pageNames)[number];

/** A page, and what it is about where it is about one thing. */
export interface Place {
  readonly page: PageName;
  readonly subject?: string;
}

export interface Memory {
  /** Id of the row, so that it stays under the cursor when rows move. */
  readonly cursor: string | undefined;
  readonly filter: string;
  readonly sort: {readonly column: string; readonly isReversed: boolean} | undefined;
  readonly marks: readonly string[];
  /** Open between `from` and the cursor; `marks` were there before it. */
  readonly range: {readonly from: string; readonly marks: readonly string[]} | undefined;
  /** Of a page with several panes side by side. */
  readonly pane: 'list' | 'side';
  /** First line shown, of what is read and not chosen from. */
  readonly top: number;
  /** Which of a detail's tabs. */
  readonly tab: number;
}

export const noMemory: Memory = {cursor: undefined, filter: '', sort: undefined, marks: [], range: undefined, pane: 'list', top: 0, tab: 0};
