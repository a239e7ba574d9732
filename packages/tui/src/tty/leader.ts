/** What a person asks of us, not of the program: the leader key, then one more. */
export type LeaderCommand = 'detach' | 'take' | 'help';
export type Part<C extends string = LeaderCommand> = {readonly type: Buffer} | {readonly command: C};

/** In a terminal that is looked at alone. */
export const terminalCommands: Readonly<Record<string, LeaderCommand>> = {d: 'detach', D: 'detach', t: 'take', T: 'take', '?': 'help'};
const PASTE_START = Buffer.from('\u001b[200~');
const PASTE_END = Buffer.from('\u001b[201~');

/**
 * Parts what is typed at the leader key. Twice sends it; followed by anything that is no command of ours, both are typed.
 * Within a paste it is text. Keys that kitty's protocol tells in its own way are known too.
 */
export class Leader<C extends string = LeaderCommand> {
  readonly #commands: Readonly<Record<string, C>>;
  readonly #byte: number;
  readonly #long: Buffer;
  #isPending = false;
  #isPasting = false;

  /** `key`: `ctrl-` and a letter. `commands`: by the character that follows it. */
  constructor(key: string, commands: Readonly<Record<string, C>>) {
    this.#commands = commands;
    const letter = /^ctrl-([a-z])$/.exec(key)?.[1] ?? 'q';
    this.#byte = letter.charCodeAt(0) & 0x1f;
    this.#long = Buffer.from(`\u001b[${letter.charCodeAt(0)};5u`);
  }

  /** Whether the leader was pressed and its command is awaited. */
  get isPending(): boolean {
    return this.#isPending;
  }

  take(bytes: Buffer): Part<C>[] {
    const parts: Part<C>[] = [];
    let typed: number[] = [];
    const flush = () => {
      if (typed.length > 0) parts.push({type: Buffer.from(typed)});
      typed = [];
    };
    for (let at = 0; at < bytes.length;) {
      const length = this.#leaderAt(bytes, at);
      if (this.#isPending) {
        this.#isPending = false;
        const command = length > 0 ? undefined : this.#commands[String.fromCharCode(bytes[at]!)];
        if (command !== undefined) {
          flush();
          parts.push({command});
          at += 1;
          continue;
        }
        typed.push(this.#byte);
        at += length;
        continue;
      }
      if (length > 0 && !this.#isPasting) {
        this.#isPending = true;
        at += length;
        continue;
      }
      this.#notePaste(bytes, at);
      typed.push(bytes[at]!);
      at += 1;
    }
    flush();
    return parts;
  }

  #leaderAt(bytes: Buffer, at: number): number {
    if (bytes[at] === this.#byte) return 1;
    return bytes.subarray(at, at + this.#long.length).equals(this.#long) ? this.#long.length : 0;
  }

  #notePaste(bytes: Buffer, at: number): void {
    if (bytes[at] !== 0x1b) return;
    if (bytes.subarray(at, at + PASTE_START.length).equals(PASTE_START)) this.#isPasting = true;
    else if (bytes.subarray(at, at + PASTE_END.length).equals(PASTE_END)) this.#isPasting = false;
  }
}
