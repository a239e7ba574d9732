import {memo} from 'react';
import {Box, Text} from 'ink';
import {safeLine} from '../../output/safe-text.ts';
import {clip, pad} from '../../output/width.ts';
import {styled, toned, type Style} from '../styled.ts';
import {markWidth} from '../pages/columns.ts';
import type {Look} from '../state.ts';
import {markOf, wordOf, type Tone} from '../theme.ts';

export interface LineProps extends Style {
  readonly text: string;
  readonly width: number;
}

/** One line of exactly `width` cells; foreign text comes in as it is and is made safe here. */
export const Line = memo(function Line({text, width, ...style}: LineProps) {
  return <Text wrap="truncate">{styled(fit(text, width), style)}</Text>;
});

const fit = (text: string, width: number): string => pad(clip(safeLine(text), width), width) || ' ';

export interface RowProps {
  readonly text: string;
  readonly tone: Tone;
  readonly look: Look;
  readonly width: number;
  readonly isSelected: boolean;
  readonly isMarked?: boolean;
  readonly isDim: boolean;
}

/** A mark by shape and colour, then the text; the row under the cursor is inverse, which needs no colour. */
export const Row = memo(function Row({text, tone, look, width, isSelected, isMarked = false, isDim}: RowProps) {
  if (look.isLinear)
    return (
      <Text>
        {clip(`${isSelected ? '> ' : '  '}${isMarked ? 'marked ' : ''}${wordOf[tone]} ${safeLine(text).replaceAll(/ {2,}/g, ', ')}`, width)}
      </Text>
    );
  const mark = toned(`${isMarked ? '+' : ' '}${markOf[tone]} `, tone, look.theme);
  const style = {isInverse: isSelected, isDim: isDim && !isSelected, isBold: isMarked};
  return <Text wrap="truncate">{mark + styled(fit(text, width - markWidth(look)), style)}</Text>;
});

/** Lines that are read: those from `top` on, and never more than fit. */
export function Lines({
  lines,
  top,
  width,
  rows,
}: {
  readonly lines: readonly string[];
  readonly top: number;
  readonly width: number;
  readonly rows: number;
}) {
  const from = Math.max(0, Math.min(top, lines.length - rows));
  return (
    <Box flexDirection="column" height={rows} width={width}>
      {lines.slice(from, from + rows).map((line, i) => (
        <Line key={from + i} text={line} width={width} />
      ))}
    </Box>
  );
}
