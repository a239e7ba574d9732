/** Keys as X names them, by our names of them. */
const named: Readonly<Record<string, number>> = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  home: 0xff50,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  'page-up': 0xff55,
  'page-down': 0xff56,
  end: 0xff57,
  insert: 0xff63,
  delete: 0xffff,
  space: 0x20,
  ...Object.fromEntries(Array.from({length: 12}, (_, index) => [`f${index + 1}`, 0xffbe + index])),
};
const modifiers: Readonly<Record<string, number>> = {'ctrl-': 0xffe3, 'alt-': 0xffe9, 'shift-': 0xffe1};

/** Latin-1 is itself; all else is its code point with a mark. */
export function keysymOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code === 10 || code === 13) return named['enter']!;
  if (code === 9) return named['tab']!;
  return code < 0x100 ? code : 0x0100_0000 | code;
}

/** What has to be held down, one after the other, for a key as `InputEvent` names it; undefined where no keyboard has it. */
export function keysymsOf(key: string): readonly number[] | undefined {
  const held: number[] = [];
  let rest = key;
  for (let prefix = prefixOf(rest); prefix !== undefined; prefix = prefixOf(rest)) {
    held.push(modifiers[prefix]!);
    rest = rest.slice(prefix.length);
  }
  const known = named[rest];
  if (known !== undefined) return [...held, known];
  return [...rest].length === 1 ? [...held, keysymOf(rest)] : undefined;
}

/** A minus by itself is a key. */
const prefixOf = (key: string): string | undefined =>
  Object.keys(modifiers).find(prefix => key.startsWith(prefix) && key.length > prefix.length);
