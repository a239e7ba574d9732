import type {VtToken} from '@boxyard/core/vt';

const DEEPEST = 16;

/** kitty's keyboard flags, a stack that the emulator does not know: without them a program that set them would be typed to in another way. */
export class Keys {
  #stack: string[] = [];

  take(token: VtToken): void {
    if (token.is === 'esc' && token.raw.toString('latin1') === '\u001bc') this.#stack = [];
    if (token.is !== 'csi' || token.final !== 'u') return;
    if (token.marker === '>') this.#stack = [...this.#stack, token.params === '' ? '0' : token.params].slice(-DEEPEST);
    else if (token.marker === '<') this.#stack.splice(Math.max(0, this.#stack.length - Number(token.params || 1)));
    else if (token.marker === '=') this.#stack[Math.max(0, this.#stack.length - 1)] = token.params.split(';')[0] || '0';
  }

  redraw(): string {
    return this.#stack.map(flags => `\u001b[>${flags}u`).join('');
  }
}
