/** A config with this word in any of its texts replaced. */
export function replaced(value: unknown, word: string, by: string): unknown {
  if (typeof value === 'string') return value.replaceAll(word, () => by);
  if (Array.isArray(value)) return value.map(each => replaced(each, word, by));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, word, by)]));
}
