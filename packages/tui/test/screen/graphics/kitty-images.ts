import {inflateSync} from 'node:zlib';
import type {Decoded} from './decode-png.ts';

export interface Image extends Decoded {
  readonly columns: number;
  readonly rows: number;
  /** Where the cursor was; undefined where placeholders say where it is shown. */
  readonly at?: {readonly column: number; readonly row: number};
}

/** What a terminal with kitty's protocol keeps: by the rules of the protocol, strictly. */
export class KittyImages {
  readonly kept = new Map<number, Image>();
  #open: {readonly keys: ReadonlyMap<string, string>; data: string} | undefined;

  take(command: string, at: {readonly column: number; readonly row: number}): void {
    const [control = '', data = ''] = command.split(';');
    const keys = new Map(control.split(',').map(pair => pair.split('=') as [string, string]));
    if (keys.get('a') === 'q') return;
    if (keys.get('q') !== '2') throw new Error(`it would answer: ${control}`);
    if (data.length > 4096 || (keys.get('m') === '1' && data.length % 4 !== 0)) throw new Error(`a part of ${data.length}`);
    if (keys.get('a') === 'd') {
      if (keys.get('d') !== 'I') throw new Error(control);
      return void this.kept.delete(Number(keys.get('i')));
    }
    if (this.#open !== undefined && [...keys.keys()].some(key => key !== 'm' && key !== 'q'))
      throw new Error(`in the middle of an image: ${control}`);
    this.#open = {keys: this.#open?.keys ?? keys, data: (this.#open?.data ?? '') + data};
    if (keys.get('m') === '1') return;
    const {keys: first, data: all} = this.#open;
    this.#open = undefined;
    this.kept.set(Number(first.get('i')), imageOf(first, Buffer.from(all, 'base64'), at));
  }
}

function imageOf(keys: ReadonlyMap<string, string>, payload: Buffer, at: {readonly column: number; readonly row: number}): Image {
  const number = (key: string) => Number(keys.get(key) ?? 0);
  if (keys.get('a') !== 'T' || number('f') !== 24 || keys.get('o') !== 'z') throw new Error([...keys].join(' '));
  const [width, height] = [number('s'), number('v')];
  const bytes = inflateSync(payload);
  if (bytes.length !== width * height * 3) throw new Error(`${bytes.length} bytes for ${width}×${height}`);
  const pixels = Int32Array.from({length: width * height}, (_, pixel) => bytes.readUIntLE(pixel * 3, 3));
  const place = keys.get('U') === '1' ? {} : {at};
  if (keys.get('U') !== '1' && keys.get('C') !== '1') throw new Error('the cursor would move');
  return {width, height, pixels, columns: number('c'), rows: number('r'), ...place};
}
