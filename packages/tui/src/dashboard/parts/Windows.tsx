import {Box} from 'ink';
import {keyText} from '../actions/registry.ts';
import {helpEnd, helpPage, helpRows} from '../help-lines.ts';
import {firstVisible, bodyRows} from '../layout.ts';
import type {Choice, Mode} from '../modes.ts';
import {found} from '../palette.ts';
import type {State} from '../state.ts';
import {colourOf} from '../theme.ts';
import {withCursor} from '../line.ts';
import {Line} from './Lines.tsx';

type In<M extends Mode['is']> = Extract<Mode, {is: M}>;

/** What keys do here, drawn from the same table that obeys them. */
export function HelpWindow({state, mode}: {readonly state: State; readonly mode: In<'help'>}) {
  const width = state.columns;
  const search = mode.line.text;
  const more = helpEnd(state, search) - mode.top;
  const title = ` Help: keys of this page   search: ${withCursor(mode.line, Math.max(10, width - 60))}`;
  return (
    <Box flexDirection="column" width={width} height={helpRows(state) + 1}>
      <Line text={`${title}${more > 0 ? `   ▼ ${more} more` : ''}`} width={width} isBold />
      {helpPage(state, search, mode.top).map((line, i) => (
        <Line key={i} text={line} width={width} />
      ))}
    </Box>
  );
}

export function PaletteWindow({state, mode}: {readonly state: State; readonly mode: In<'palette'>}) {
  const width = state.columns;
  const rows = bodyRows(state) - 1;
  const items = found(state, mode.line.text);
  const from = firstVisible(mode.at, rows, items.length);
  return (
    <Box flexDirection="column" width={width} height={rows + 1}>
      <Line text={` Find: ${withCursor(mode.line, width - 20)}   ${items.length}`} width={width} isBold />
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
  const current = form.fields[form.at]!;
  const room = Math.max(30, width - 18);
  return (
    <Box flexDirection="column" width={width}>
      <Line text={` ${form.title}`} width={width} isBold />
      {form.fields.map((field, i) => {
        const isHere = i === form.at;
        const text =
          field.choices === undefined ? (isHere ? withCursor(field.line, room) : field.line.text) : `‹ ${field.line.text || 'any'} ›`;
        return (
          <Line
            key={field.name}
            text={` ${isHere ? '›' : ' '} ${field.title.padEnd(12)} ${text}`}
            width={width}
            isBold={isHere}
            colour={field.issue === undefined ? undefined : bad}
          />
        );
      })}
      <Line
        text={` ${current.issue ?? current.about}`}
        width={width}
        isDim={current.issue === undefined}
        colour={current.issue === undefined ? undefined : bad}
      />
    </Box>
  );
}

export function MenuWindow({state, mode}: {readonly state: State; readonly mode: In<'menu'>}) {
  const width = state.columns;
  const rows = bodyRows(state) - 1;
  const from = firstVisible(mode.at, rows, mode.choices.length);
  return (
    <Box flexDirection="column" width={width}>
      <Line text={` ${mode.title}`} width={width} isBold />
      {mode.choices.length === 0 ? <Line text="   There is nothing to copy here." width={width} /> : null}
      {mode.choices.slice(from, from + rows).map((choice, i) => (
        <Line
          key={choice.key}
          text={choiceText(choice)}
          width={width}
          isInverse={from + i === mode.at}
          isDim={choice.does !== 'copy' && choice.text !== ''}
        />
      ))}
    </Box>
  );
}

const choiceText = ({key, title, text, does}: Choice): string => {
  const shown = `  ${keyText(key).padEnd(6)} `;
  return does === 'copy'
    ? `${shown}${title.padEnd(18)} ${text.replaceAll('\n', ' ')}`
    : `${shown}${title}${text === '' ? '' : `   (${text})`}`;
};
