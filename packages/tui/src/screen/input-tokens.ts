/**
 * What a terminal types, cut into what belongs together. `raw` is latin1: one character for each byte.
 *
 * - `text`: characters and control characters without ESC, in whole UTF-8 characters.
 * - `alt`: ESC and one character; `escape`: ESC and nothing behind it for a while.
 * - `csi`: as in core/vt; `ss3`: ESC O; `string`: OSC, DCS, SOS, PM, APC: only ever an answer.
 * - `broken`: what began like a sequence and was none.
 */
export type InputToken =
  | {readonly is: 'text' | 'alt' | 'broken'; readonly raw: string}
  | {readonly is: 'escape'; readonly raw: string}
  | {
      readonly is: 'csi';
      readonly raw: string;
      readonly marker: string;
      readonly params: string;
      readonly inner: string;
      readonly final: string;
    }
  | {readonly is: 'ss3'; readonly raw: string; readonly params: string; readonly final: string}
  | {readonly is: 'string'; readonly raw: string; readonly introducer: string; readonly text: string};

/** An answer longer than this is none. */
const MOST_HELD = 64 * 1024;
/** A person's ESC stands alone; a sequence's other bytes come with it, but for a slow line. */
const ESCAPE_MS = 25;
const SEQUENCE_MS = 1_000;

/** Feeds on bytes in any cut; every cut gives the same tokens, but that `text` comes in more or fewer parts. */
export class InputTokens {
  #held = '';

  /** How long to wait for more before `flush`; undefined where nothing is held. */
  get patienceMs(): number | undefined {
    if (this.#held === '') return undefined;
    return this.#held.startsWith('\u001b') && this.#held.length <= 2 ? ESCAPE_MS : SEQUENCE_MS;
  }

  push(chunk: Uint8Array): InputToken[] {
    const all = this.#held + Buffer.from(chunk).toString('latin1');
    const tokens: InputToken[] = [];
    let at = 0;
    while (at < all.length) {
      const token = all[at] === '\u001b' ? sequenceAt(all, at) : textAt(all, at);
      if (token === undefined) break;
      tokens.push(token);
      at += token.raw.length;
    }
    this.#held = all.slice(at);
    if (this.#held.length > MOST_HELD) tokens.push(...this.flush());
    return tokens;
  }

  /** No more of it is coming. */
  flush(): InputToken[] {
    const raw = this.#held;
    this.#held = '';
    if (raw === '') return [];
    if (raw === '\u001b') return [{is: 'escape', raw}];
    return [{is: raw.startsWith('\u001b') && raw.length === 2 ? 'alt' : 'broken', raw}];
  }
}

const text = /[^\u001b]+/y;
const csi = /\u001b\[(?:\[[A-E]|M[^]{3}|([<=>?]?)([\d:;]*)([ -/]*)([@-LN-Za-z\\\]^_`{|}~]|(?<=[\d;<])M))/y;
const openCsi = /\u001b\[(?:\[|M[^]{0,2}|[<=>?]?[\d:;]*[ -/]*)$/y;
const ss3 = /\u001bO([\d;]*)([A-Za-z])/y;
const openSs3 = /\u001bO[\d;]*$/y;
const string = /\u001b([\]PX^_])([^\u0007\u001b]*)(?:\u0007|\u001b\\)/y;
const openString = /\u001b[\]PX^_][^\u0007\u001b]*\u001b?$/y;
const alt =
  /\u001b(?:[\u00c0-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f7][\u0080-\u00bf]{3}|[^\u001b\u0080-\u00ff])/y;
const openAlt = /\u001b(?:[\u00c0-\u00f7][\u0080-\u00bf]{0,2})?$/y;

const match = (pattern: RegExp, all: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(all);
};

/** Undefined: it may go on. */
function sequenceAt(all: string, at: number): InputToken | undefined {
  const found = match(csi, all, at);
  if (found) {
    const [raw, marker = '', params = '', inner = '', final = ''] = found;
    return {is: 'csi', raw, marker, params, inner, final};
  }
  const application = match(ss3, all, at);
  if (application) return {is: 'ss3', raw: application[0], params: application[1]!, final: application[2]!};
  const answer = match(string, all, at);
  if (answer) return {is: 'string', raw: answer[0], introducer: answer[1]!, text: answer[2]!};
  if ([openCsi, openSs3, openString, openAlt].some(open => match(open, all, at))) return undefined;
  if (all[at + 1] === '\u001b') return {is: 'escape', raw: '\u001b'};
  if ('[O]PX^_'.includes(all[at + 1]!)) return {is: 'broken', raw: all.slice(at, at + 2)};
  return {is: 'alt', raw: match(alt, all, at)?.[0] ?? all.slice(at, at + 2)};
}

function textAt(all: string, at: number): InputToken | undefined {
  const [raw] = match(text, all, at)!;
  const whole = raw.length - (at + raw.length === all.length ? unfinished(raw) : 0);
  return whole === 0 ? undefined : {is: 'text', raw: raw.slice(0, whole)};
}

/** Bytes of a UTF-8 character at the end that lacks others. */
function unfinished(raw: string): number {
  const [tail] = /(?:[\u00c0-\u00df]|[\u00e0-\u00ef][\u0080-\u00bf]?|[\u00f0-\u00f7][\u0080-\u00bf]{0,2})$/.exec(raw) ?? [''];
  return tail.length;
}
