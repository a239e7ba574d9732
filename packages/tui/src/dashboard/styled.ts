import {colourOf, type ThemeName, type Tone} from './theme.ts';

export interface Style {
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isInverse?: boolean;
  readonly colour?: string | undefined;
}

const named: Readonly<Record<string, number>> = {red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36};

/**
 * The text with its style as SGR. Not by Ink's own properties: they follow what a library thinks of the process's output, and
 * where it thinks that has no colours, bold and inverse are gone too, and with them the cursor.
 */
export function styled(text: string, {isBold, isDim, isInverse, colour}: Style): string {
  const codes = [isBold ? '1' : '', isDim ? '2' : '', isInverse ? '7' : '', colour === undefined ? '' : colourCode(colour)].filter(Boolean);
  return codes.length === 0 ? text : `\u001b[${codes.join(';')}m${text}\u001b[0m`;
}

function colourCode(colour: string): string {
  const code = named[colour];
  if (code !== undefined) return String(code);
  const [red, green, blue] = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
  return `38;2;${red};${green};${blue}`;
}

export const toned = (text: string, tone: Tone, theme: ThemeName): string =>
  styled(text, {colour: colourOf(theme, tone), isBold: tone === 'accent' || tone === 'bad'});
