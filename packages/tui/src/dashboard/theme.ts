/** What a colour says; how it looks is the theme's. */
export type Tone = 'good' | 'bad' | 'warn' | 'run' | 'wait' | 'accent' | 'plain';
export type ThemeName = 'terminal' | 'dark' | 'light' | 'mono';
export const themeNames = ['terminal', 'dark', 'light', 'mono'] as const;

type Colours = Readonly<Record<Tone, string | undefined>>;

/** `terminal` has the sixteen colours of the person's own terminal, so it fits a light one and a dark one. */
const themes: Readonly<Record<ThemeName, Colours>> = {
  terminal: {good: 'green', bad: 'red', warn: 'yellow', run: 'cyan', wait: undefined, accent: 'blue', plain: undefined},
  dark: {good: '#7fd88f', bad: '#ff7b72', warn: '#e3b341', run: '#79c0ff', wait: '#8b949e', accent: '#d2a8ff', plain: undefined},
  light: {good: '#116329', bad: '#a40e26', warn: '#7d4e00', run: '#0550ae', wait: '#57606a', accent: '#6639ba', plain: undefined},
  mono: {good: undefined, bad: undefined, warn: undefined, run: undefined, wait: undefined, accent: undefined, plain: undefined},
};

export const colourOf = (theme: ThemeName, tone: Tone): string | undefined => themes[theme][tone];

/** For who hears it. */
export const wordOf: Readonly<Record<Tone, string>> = {
  good: 'done',
  bad: 'failed',
  warn: 'warning',
  run: 'running',
  wait: 'waiting',
  accent: 'asks',
  plain: '',
};

/** A shape beside the colour: no state is told by colour alone. */
export const markOf: Readonly<Record<Tone, string>> = {
  good: '✔',
  bad: '✖',
  warn: '▲',
  run: '●',
  wait: '○',
  accent: '◆',
  plain: ' ',
};
