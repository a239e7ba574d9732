const SHORTEST = 6;

/**
 * Masks secret values in a byte stream with as many stars, so that offsets stay true. Bytes that may be the beginning of a
 * value are held back until the next ones decide. Values shorter than six characters are left alone: masking them would
 * make every log unreadable and tell where they are.
 */
export class Redactor {
  readonly #forms: readonly string[];
  #held = '';

  constructor(values: readonly string[]) {
    this.#forms = formsOf(values);
  }

  /** What may leave now: never more than was pushed in. */
  push(bytes: Uint8Array): Buffer {
    if (this.#forms.length === 0) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const text = mask(this.#held + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), this.#forms);
    const keep = heldLength(text, this.#forms);
    this.#held = text.slice(text.length - keep);
    return Buffer.from(text.slice(0, text.length - keep), 'latin1');
  }

  /** The rest, at the end of the stream. */
  flush(): Buffer {
    const rest = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    return rest;
  }
}

/** The same for a whole text. */
export function masked(text: string, values: readonly string[]): string {
  const redactor = new Redactor(values);
  const first = redactor.push(Buffer.from(text));
  return Buffer.concat([first, redactor.flush()]).toString('utf8');
}

/** Values as they may be printed: plain, base64 at the three alignments, and URL-encoded; longest first. */
export function formsOf(values: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const value of values) {
    const lines = value.includes('\n') ? [value, ...value.split('\n')] : [value];
    for (const line of lines) if (line.length >= SHORTEST) addForms(forms, line);
  }
  return [...forms].filter(form => form.length >= SHORTEST).sort((a, b) => b.length - a.length);
}

function addForms(forms: Set<string>, value: string): void {
  const bytes = Buffer.from(value, 'utf8');
  forms.add(bytes.toString('latin1'));
  forms.add(encodeURIComponent(value));
  for (const shift of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    // The characters at both ends also hold bits of the neighbours: only the middle is the value's alone.
    const whole = padded.toString('base64').replaceAll('=', '');
    const from = shift === 0 ? 0 : shift + 1;
    const to = padded.length % 3 === 0 ? whole.length : whole.length - 1;
    const middle = whole.slice(from, to);
    if (middle.length >= SHORTEST + 2) {
      forms.add(middle);
      forms.add(middle.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
}

function mask(text: string, forms: readonly string[]): string {
  let masked = text;
  for (const form of forms) {
    if (masked.includes(form)) masked = masked.replaceAll(form, '*'.repeat(form.length));
  }
  return masked;
}

/** Length of the longest end of `text` with which a form begins. */
function heldLength(text: string, forms: readonly string[]): number {
  const longest = forms[0]?.length ?? 0;
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const end = text.slice(text.length - length);
    if (forms.some(form => form.length > length && form.startsWith(end))) return length;
  }
  return 0;
}
