/** `text`, `!text` without it, `~text` its letters in that order, `-l key=value` with that label. */
export type Filter =
  | {readonly is: 'text' | 'not' | 'fuzzy'; readonly text: string}
  | {readonly is: 'label'; readonly key: string; readonly value: string | undefined};

export function parseFilter(typed: string): Filter {
  const text = typed.trim();
  if (text.startsWith('!')) return {is: 'not', text: text.slice(1).toLowerCase()};
  if (text.startsWith('~')) return {is: 'fuzzy', text: text.slice(1).toLowerCase()};
  const label = /^-l\s+([^=\s]+)(?:=(.*))?$/.exec(text);
  if (label !== null) return {is: 'label', key: label[1]!, value: label[2]};
  return {is: 'text', text: text.toLowerCase()};
}

export function isFit(filter: Filter, text: string, labels: Readonly<Record<string, string>>): boolean {
  if (filter.is === 'label') {
    const value = labels[filter.key];
    return value !== undefined && (filter.value === undefined || value === filter.value);
  }
  const low = text.toLowerCase();
  if (filter.is === 'text') return low.includes(filter.text);
  return filter.is === 'not' ? filter.text === '' || !low.includes(filter.text) : fuzzyRank(filter.text, low) !== undefined;
}

/** How far apart the letters stand, so that less is better; undefined where they are not there in that order. */
export function fuzzyRank(letters: string, text: string): number | undefined {
  let at = -1;
  let rank = 0;
  for (const letter of letters.replaceAll(' ', '')) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return undefined;
    rank += next - at - 1 + (at === -1 ? 0 : Math.min(1, next - at - 1) * 2);
    at = next;
  }
  return rank;
}
