import {setTimeout as delay} from 'node:timers/promises';
import type {Client} from '@boxyard/core/client';
import {BoxyardError, entryOf, isBoxyardError} from '@boxyard/core/errors';
import {asked, encodings, type Framebuffer, type Rect, type RfbClient} from '@boxyard/core/rfb';
import {AnimatedPng, newFile} from '../output/apng.ts';
import {lookAt} from './displays.ts';

export interface Recording {
  readonly job: string;
  readonly path: string;
  /** Pictures in a second, at most. */
  readonly fps: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The first picture is there. */
  started(): void;
}

export interface Recorded {
  readonly pictures: number;
  readonly shownMs: number;
  readonly width: number;
  readonly height: number;
  /** The desktop became another size, which a recording cannot. */
  readonly wasResized: boolean;
}

const AGAIN_MS = 500;
/** Pictures in which nothing changed are none, so a desktop that is drawn for its first time is waited for. */
const everything: Rect = {x: 0, y: 0, width: 65_535, height: 65_535};

/** Makes the file at once, so that a name that cannot be is said before anything is shown. */
export async function startRecording(client: Client, recording: Recording): Promise<{readonly done: Promise<Recorded | undefined>}> {
  const taken = await newFile(recording.path).catch((error: unknown) => Promise.reject(fileError(error, recording.path)));
  const recorder = new Recorder(taken.file, recording);
  const run = async () => {
    try {
      await recorder.run(client);
    } finally {
      if (recorder.isEmpty) await taken.discard();
      else await recorder.end();
    }
    return recorder.recorded;
  };
  const done = run();
  done.catch(() => undefined);
  return {done};
}

class Recorder {
  readonly #file: Parameters<typeof AnimatedPng.begin>[0];
  readonly #recording: Recording;
  #png: AnimatedPng | undefined;
  /** What the recording shows now. */
  #shown = new Uint32Array(0);
  #startedAt = 0;
  #endedAt = 0;
  #wasResized = false;

  constructor(file: Parameters<typeof AnimatedPng.begin>[0], recording: Recording) {
    this.#file = file;
    this.#recording = recording;
  }

  get isEmpty(): boolean {
    return this.#png === undefined;
  }

  get recorded(): Recorded | undefined {
    if (this.#png === undefined) return undefined;
    const {pictures, width, height} = this.#png;
    return {pictures, width, height, shownMs: this.#endedAt - this.#startedAt, wasResized: this.#wasResized};
  }

  /** Until the signal, or the display's end. A connection that breaks is made anew. */
  async run(client: Client): Promise<void> {
    const {signal} = this.#recording;
    while (!signal.aborted) {
      const error = await this.#once(client).catch((thrown: unknown) => thrown);
      if (signal.aborted || isClosed(error)) return;
      if (error !== undefined && !mayComeBack(error)) throw error;
      await delay(AGAIN_MS, undefined, {signal}).catch(() => undefined);
    }
  }

  async end(): Promise<void> {
    this.#endedAt = performance.now();
    try {
      await this.#png!.end(this.#endedAt);
    } catch (error) {
      throw fileError(error, this.#recording.path);
    }
  }

  /** One connection, to its end. It asks for the next picture when the one before is on disk, so none is ever queued. */
  async #once(client: Client): Promise<unknown> {
    const {job, fps, signal} = this.#recording;
    let news = Promise.withResolvers<undefined>();
    let changed: Rect[] = [everything];
    const resized = () => void (this.#wasResized ||= this.#png !== undefined);
    const updated = (rects: readonly Rect[]) => {
      changed.push(...rects);
      news.resolve(undefined);
    };
    // Without the pointer among what we ask for the server draws it into the picture.
    const pointerless = asked.filter(each => each !== encodings.cursor);
    const look = {job, control: 'none', signal, encodings: pointerless, resized, updated} as const;
    using screen: RfbClient = await lookAt(client, look);
    const over = screen.ended.then(error => ({error}));
    screen.ask(true);
    for (;;) {
      const ended = await Promise.race([news.promise, over]);
      if (ended !== undefined) return ended.error;
      const at = performance.now();
      const since = changed;
      changed = [];
      news = Promise.withResolvers();
      await this.#capture(screen.framebuffer, since, at);
      await delay(Math.max(0, 1_000 / fps - (performance.now() - at)), undefined, {signal}).catch(() => undefined);
      screen.ask();
    }
  }

  async #capture(screen: Framebuffer, changed: readonly Rect[], at: number): Promise<void> {
    try {
      if (this.#png !== undefined) return await this.#add(this.#png, screen, this.#wasResized ? [everything] : changed, at);
      const {width, height} = screen;
      this.#shown = screen.pixels.map(pixel => pixel & COLOURS);
      this.#startedAt = at;
      this.#png = await AnimatedPng.begin(this.#file, {width, height, pixels: this.#shown}, at);
      this.#recording.started();
    } catch (error) {
      throw fileError(error, this.#recording.path);
    }
  }

  async #add(png: AnimatedPng, screen: Framebuffer, changed: readonly Rect[], at: number): Promise<void> {
    const area = this.#redraw(png, screen, changed);
    if (area === undefined) return;
    const pixels = new Uint32Array(area.width * area.height);
    for (let y = 0; y < area.height; y += 1) {
      const from = (area.y + y) * png.width + area.x;
      pixels.set(this.#shown.subarray(from, from + area.width), y * area.width);
    }
    await png.add({width: area.width, height: area.height, pixels}, area, at);
  }

  /** Takes the pixels over and resolves to where they differ from before. */
  #redraw({width, height}: AnimatedPng, screen: Framebuffer, changed: readonly Rect[]): Rect | undefined {
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (const rect of changed) {
      const columns = {from: rect.x, to: Math.min(width, rect.x + rect.width)};
      for (let y = rect.y; y < Math.min(height, rect.y + rect.height); y += 1) {
        const row = this.#redrawRow(screen, y, columns, width);
        if (row === undefined) continue;
        [left, top, right, bottom] = [Math.min(left, row.first), Math.min(top, y), Math.max(right, row.last + 1), Math.max(bottom, y + 1)];
      }
    }
    return right === 0 ? undefined : {x: left, y: top, width: right - left, height: bottom - top};
  }

  /** What is outside a desktop that became smaller is black. */
  #redrawRow(
    screen: Framebuffer,
    y: number,
    {from, to}: {readonly from: number; readonly to: number},
    width: number,
  ): {readonly first: number; readonly last: number} | undefined {
    let [first, last] = [-1, -1];
    for (let x = from; x < to; x += 1) {
      const pixel = x < screen.width && y < screen.height ? screen.pixels[screen.at(x, y)]! & COLOURS : 0;
      if (this.#shown[y * width + x] === pixel) continue;
      this.#shown[y * width + x] = pixel;
      if (first < 0) first = x;
      last = x;
    }
    return first < 0 ? undefined : {first, last};
  }
}

const COLOURS = 0xffffff;

const isClosed = (error: unknown): boolean => isBoxyardError(error) && error.details['what'] === 'open display';

const mayComeBack = (error: unknown): boolean =>
  isBoxyardError(error) && (entryOf(error.code).retryable || ['NO_SERVER', 'WORKER_OFFLINE', 'INTERRUPTED'].includes(error.code));

function fileError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (isBoxyardError(error) || code === undefined) return error;
  const issue = code === 'EEXIST' ? `${path} is there already` : (error as Error).message;
  const hint =
    code === 'EEXIST' ? 'Take another name, or remove it first.' : 'What was recorded before can be played. Record to another place.';
  return new BoxyardError('INVALID_INPUT', {field: '--record', issue, hint}, {cause: error});
}
