/** A session without output for this long is quiet. */
export const QUIET_MS = 10_000;

/** What a session is doing, as its person wants to know it; `asks` holds until somebody types. */
export type Attention =
  | {readonly is: 'busy' | 'quiet'; readonly since: number; readonly outputAt: number}
  | {readonly is: 'asks'; readonly since: number; readonly outputAt: number; readonly saying: string}
  | {readonly is: 'ended'; readonly since: number; readonly outputAt: number};

/** Times in milliseconds of one clock. `saying` is the text of a notification, empty for a bell. */
export type Happening =
  | {readonly what: 'output' | 'typing' | 'tick' | 'end'; readonly at: number}
  | {readonly what: 'call'; readonly at: number; readonly saying: string};

export const beginning = (at: number): Attention => ({is: 'busy', since: at, outputAt: at});

/** Pure; the same state as before (the same object) where nothing that anybody is told of has changed but the time of output. */
export const next = (state: Attention, happening: Happening): Attention => {
  const {at} = happening;
  if (state.is === 'ended') return state;
  switch (happening.what) {
    case 'end':
      return {is: 'ended', since: at, outputAt: state.outputAt};
    case 'call':
      // The first bell counts: what follows before an answer only says it again, unless it says more.
      if (state.is === 'asks' && (happening.saying === '' || happening.saying === state.saying)) return {...state, outputAt: at};
      return {is: 'asks', since: state.is === 'asks' ? state.since : at, outputAt: at, saying: happening.saying};
    case 'output':
      return state.is === 'quiet' ? {is: 'busy', since: at, outputAt: at} : {...state, outputAt: at};
    case 'typing':
      return state.is === 'asks' ? {is: 'busy', since: at, outputAt: state.outputAt} : state;
    case 'tick':
      return state.is === 'busy' && at - Math.max(state.outputAt, state.since) >= QUIET_MS
        ? {is: 'quiet', since: at, outputAt: state.outputAt}
        : state;
  }
};

/** Whether somebody is to be told: not of the time of output alone. */
export const hasChanged = (before: Attention, after: Attention): boolean =>
  before.is !== after.is || (before.is === 'asks' && after.is === 'asks' && before.saying !== after.saying);
