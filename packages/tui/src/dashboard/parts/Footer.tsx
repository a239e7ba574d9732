import {Box, Text} from 'ink';
import {safeLine} from '../../output/safe-text.ts';
import {clip, pad, textWidth} from '../../output/width.ts';
import {footerKeys} from '../actions/registry.ts';
import {completions, promptText} from '../prompts.ts';
import {withCursor} from '../line.ts';
import {styled} from '../styled.ts';
import {colourOf} from '../theme.ts';
import {lastLines, type State} from '../state.ts';
import {Line} from './Lines.tsx';
import {wrapped} from './LogLines.tsx';

/** The keys valid now; below them what is typed, asked, said, or was done last. */
export function Footer({state}: {readonly state: State}) {
  const long = longMessage(state);
  if (long !== undefined)
    return (
      <Box flexDirection="column" width={state.columns} height={2}>
        {long.lines.map((line, i) => (
          <Line key={i} text={line} width={state.columns} {...toneStyle(state, long.tone)} />
        ))}
      </Box>
    );
  return (
    <Box flexDirection="column" width={state.columns} height={2}>
      <Keys state={state} />
      <Status state={state} />
    </Box>
  );
}

function Keys({state}: {readonly state: State}) {
  const {columns, mode} = state;
  const words = wordsOf(mode, state.leader);
  if (words !== undefined)
    return <Line text={` ${words}`} width={columns} isBold={mode.is === 'capture'} isInverse={mode.is === 'capture'} />;
  const shown = fitting(footerKeys(state), columns - 1);
  const used = shown.reduce((sum, {key, word}) => sum + textWidth(key) + textWidth(word) + 3, 1);
  const keys = shown.map(({key, word, isOff}) => `${styled(key, {isBold: true, isDim: isOff})}${styled(` ${word}  `, {isDim: isOff})}`);
  return <Text wrap="truncate">{` ${keys.join('')}${pad('', columns - used)}`}</Text>;
}

function wordsOf(mode: State['mode'], leader: string): string | undefined {
  switch (mode.is) {
    case 'capture':
      if (mode.isTaken === true) return `another viewer types now   ${leader} t type here again   ${leader} d leave`;
      return `keys go to the session   ${leader} d leave   ${leader} space next that asks   ${leader} ? help`;
    case 'over':
      return 'enter or esc: back to the keys of the dashboard';
    case 'form':
      return 'tab next field   ctrl-s make it, or enter on the name   esc leave';
    case 'help':
      return 'type to search   ↑ ↓ more   esc leave';
    case 'palette':
      return '↑ ↓ choose   enter do it   esc leave';
    case 'menu':
      return '↑ ↓ choose   enter or its letter   esc leave';
    default:
      return undefined;
  }
}

/** The first that fit; the last two, which lead to all others and out, always do. */
function fitting<T extends {readonly key: string; readonly word: string}>(keys: readonly T[], width: number): readonly T[] {
  const cells = ({key, word}: T) => textWidth(key) + textWidth(word) + 3;
  const always = keys.slice(-2);
  let left = always.reduce((room, key) => room - cells(key), width);
  return [...keys.slice(0, -2).filter(key => (left -= cells(key)) >= 0), ...always];
}

function Status({state}: {readonly state: State}) {
  const {columns} = state;
  const {text, tone} = statusOf(state);
  return <Line text={text} width={columns} {...toneStyle(state, tone)} />;
}

const toneStyle = ({look}: State, tone: StatusText['tone']) =>
  tone === undefined ? {} : {colour: colourOf(look.theme, tone), isBold: tone === 'bad'};

/** What was said and has no room in one line takes that of the keys too, until it was seen. */
function longMessage(state: State): {readonly lines: readonly string[]; readonly tone: StatusText['tone']} | undefined {
  const {mode, messages, isMessageShown, isLeaving, columns} = state;
  if (isLeaving || mode.is !== 'normal' || !isMessageShown || messages.length === 0) return undefined;
  const {text, tone} = statusOf(state);
  const [first, ...rest] = wrapped(safeLine(text), columns);
  return first === undefined || rest.length === 0 ? undefined : {lines: [first, rest.join('')], tone};
}

interface StatusText {
  readonly text: string;
  readonly tone?: 'bad' | 'warn';
}

function statusOf(state: State): StatusText {
  const {mode, messages, isMessageShown, link, isLeaving} = state;
  if (isLeaving) return {text: ' ctrl-c again leaves; the server and the workers go on.', tone: 'warn'};
  if (mode.is === 'prompt') {
    const sign = promptText(mode.prompt);
    return {text: ` ${sign}${withCursor(mode.line, state.columns - textWidth(safeLine(sign)) - 1)}${hintOf(state)}`};
  }
  if (mode.is === 'confirm') {
    const how = mode.name === undefined ? 'y yes, any other key no' : `type ${mode.name} and enter: ${withCursor(mode.line, 70)}`;
    // What is to be typed, and what was, is never what is cut.
    const room = Math.max(10, state.columns - textWidth(how) - 3);
    return {text: ` ${clip(safeLine(mode.text), room)}  ${how}`, tone: 'warn'};
  }
  const last = messages.at(-1);
  if (isMessageShown && last !== undefined) return last.isError ? {text: ` ${last.text}`, tone: 'bad'} : {text: ` ${last.text}`};
  if (link.status === 'offline' && link.why !== undefined) return {text: ` ${link.why}`, tone: 'warn'};
  if (state.unread !== undefined) return {text: ` ${state.unread.why}`, tone: 'warn'};
  const lines = lastLines(state);
  const [first] = lines;
  const undos = state.undo.at(-1) ?? [];
  const isLast = undos.some(undo => lines.includes(undo.line));
  const undo = !isLast ? '' : undos.length === 1 ? '   z undoes it' : `   z undoes all ${undos.length}`;
  const more = lines.length < 2 ? '   y copies' : `   and ${lines.length - 1} more (@)   y copies all`;
  return {text: first === undefined ? '' : ` $ ${first}${more}${undo}`};
}

const hintOf = (state: State): string => {
  if (state.mode.is !== 'prompt' || state.mode.prompt.asks !== 'command') return '';
  const next = completions(state, state.mode.line.text).slice(0, 6);
  return next.length === 0 ? '' : `   tab: ${clip(next.join('  '), 60)}`;
};
