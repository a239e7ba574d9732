import {Box} from 'ink';
import {actionsOf, keyText} from '../actions/registry.ts';
import {firstVisible, bodyRows} from '../layout.ts';
import type {Mode} from '../modes.ts';
import {found} from '../palette.ts';
import type {State} from '../state.ts';
import {colourOf} from '../theme.ts';
import {withCursor} from './Footer.tsx';
import {Line} from './Lines.tsx';

type In<M extends Mode['is']> = Extract<Mode, {is: M}>;

/** What keys do here, drawn from the same table that obeys them. */
export function HelpWindow({state, mode}: {readonly state: State; readonly mode: In<'help'>}) {
  const width = state.columns;
  const rows = bodyRows(state) - 1;
  const wanted = mode.line.text.toLowerCase();
  const lines = actionsOf(state)
    .map(({keys, title, when, id}) => {
      const refusal = when?.(state);
      return `  ${keys.map(keyText).join(', ').padEnd(18)} ${title}${refusal === undefined ? '' : `   (${refusal})`}${keys.length === 0 ? `   :${id}` : ''}`;
    })
    .filter(line => line.toLowerCase().includes(wanted));
  return (
    <Box flexDirection="column" width={width} height={rows + 1}>
      <Line text={` Help: keys of this page   search: ${withCursor(mode.line)}`} width={width} isBold />
      {inColumns(lines, rows, width).map((line, i) => (
        <Line key={i} text={line} width={width} />
      ))}
    </Box>
  );
}

/** Side by side where one column has no room for all. */
function inColumns(lines: readonly string[], rows: number, width: number): readonly string[] {
  if (lines.length <= rows || width < 120) return lines.slice(0, rows);
  const column = Math.floor(width / 2);
  return Array.from({length: rows}, (_, i) => `${(lines[i] ?? '').slice(0, column - 1).padEnd(column)}${lines[rows + i] ?? ''}`);
}

export function PaletteWindow({state, mode}: {readonly state: State; readonly mode: In<'palette'>}) {
  const width = state.columns;
  const rows = bodyRows(state) - 1;
  const items = found(state, mode.line.text);
  const from = firstVisible(mode.at, rows, items.length);
  return (
    <Box flexDirection="column" width={width} height={rows + 1}>
      <Line text={` Find: ${withCursor(mode.line)}   ${items.length}`} width={width} isBold />
      {items.slice(from, from + rows).map((item, i) => (
        <Line
          key={from + i}
          text={`  ${item.kind.padEnd(10)} ${item.title}`}
          width={width}
          isInverse={from + i === mode.at}
          isDim={item.isOff}
        />
      ))}
    </Box>
  );
}

export function FormWindow({state, mode}: {readonly state: State; readonly mode: In<'form'>}) {
  const width = state.columns;
  const {form} = mode;
  const bad = colourOf(state.look.theme, 'bad');
  return (
    <Box flexDirection="column" width={width}>
      <Line text={` ${form.title}`} width={width} isBold />
      {form.fields.map((field, i) => {
        const isHere = i === form.at;
        const text = field.choices === undefined ? (isHere ? withCursor(field.line) : field.line.text) : `‹ ${field.line.text || 'any'} ›`;
        const beside = field.issue ?? (isHere ? field.about : '');
        return (
          <Line
            key={field.name}
            text={` ${isHere ? '›' : ' '} ${field.title.padEnd(12)} ${text.padEnd(30)} ${beside}`}
            width={width}
            isBold={isHere}
            colour={field.issue === undefined ? undefined : bad}
          />
        );
      })}
    </Box>
  );
}

export function MenuWindow({state, mode}: {readonly state: State; readonly mode: In<'menu'>}) {
  const width = state.columns;
  return (
    <Box flexDirection="column" width={width}>
      <Line text={` ${mode.title}`} width={width} isBold />
      {mode.choices.length === 0 ? <Line text="   There is nothing to copy here." width={width} /> : null}
      {mode.choices.slice(0, bodyRows(state) - 1).map((choice, i) => (
        <Line
          key={choice.key}
          text={`  ${choice.key}  ${choice.title.padEnd(18)} ${choice.text.replaceAll('\n', ' ')}`}
          width={width}
          isInverse={i === mode.at}
        />
      ))}
    </Box>
  );
}
