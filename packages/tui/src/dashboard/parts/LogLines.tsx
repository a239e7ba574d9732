import {Box} from 'ink';
import {clip, textWidth} from '../../output/width.ts';
import {shownLines} from '../log-lines.ts';
import type {State} from '../state.ts';
import {Line, Lines} from './Lines.tsx';

interface Size {
  readonly width: number;
  readonly rows: number;
}

/** The end of a job's output, or the part that was scrolled back to. */
export function LogLines({state, width, rows}: {readonly state: State} & Size) {
  const {log} = state;
  const found = log.search.toLowerCase();
  const piecesOf = (text: string) => (log.isWrapped ? wrapped(spaced(text), width) : [spaced(text)]);
  const lines = shownLines(log, rows, piecesOf);
  if (lines.length === 0) return <Lines lines={['', `   ${emptyText(state)}`]} top={0} width={width} rows={rows} />;
  return (
    <Box flexDirection="column" width={width} height={rows}>
      {lines.map((text, i) => (
        <Line key={i} text={text} width={width} isInverse={found !== '' && text.toLowerCase().includes(found)} />
      ))}
    </Box>
  );
}

const spaced = (text: string): string => text.replaceAll('\t', '    ');

function emptyText({data, log}: State): string {
  const job = data.jobs.get(log.job ?? '');
  if (job?.children !== undefined) return 'What its children wrote is theirs to show.';
  return job?.state === 'ended' ? 'It wrote nothing.' : 'Nothing is written yet.';
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
