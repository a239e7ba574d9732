import {Box} from 'ink';
import {clip, textWidth} from '../../output/width.ts';
import {linesOf, type Log} from '../log-lines.ts';
import type {State} from '../state.ts';
import {Line} from './Lines.tsx';

interface Size {
  readonly width: number;
  readonly rows: number;
}

/** The end of a job's output, or the part that was scrolled back to. */
export function LogLines({state, width, rows}: {readonly state: State} & Size) {
  const {log} = state;
  const found = log.search.toLowerCase();
  return (
    <Box flexDirection="column" width={width} height={rows}>
      {visibleLines(log, {width, rows}).map(({text, at}, i) => (
        <Line key={`${at}-${i}`} text={text} width={width} isInverse={found !== '' && text.toLowerCase().includes(found)} />
      ))}
    </Box>
  );
}

function visibleLines(log: Log, {width, rows}: Size): readonly {readonly text: string; readonly at: number}[] {
  const all = linesOf(log);
  const end = Math.max(0, all.length - log.back);
  const lines = all
    .slice(Math.max(0, end - rows), end)
    .map((text, i) => ({text: text.replaceAll('\t', '    '), at: Math.max(0, end - rows) + i}));
  if (!log.isWrapped) return lines;
  return lines.flatMap(({text, at}) => wrapped(text, width).map(part => ({text: part, at}))).slice(-rows);
}

/** Pieces of at most `width` cells. */
export function wrapped(text: string, width: number): readonly string[] {
  if (textWidth(text) <= width) return [text];
  const pieces: string[] = [];
  for (let rest = text; rest !== '';) {
    const piece = textWidth(rest) <= width ? rest : clip(rest, width + 1).slice(0, -1);
    if (piece === '') break;
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return pieces;
}
