import {ViewerInput} from '../rfb/index.ts';
import type {PortStream} from '../services.ts';
import {STREAM_WINDOW} from '../streams/index.ts';

/** Kept for a box that takes nothing before its viewer gets no credit any more. */
const MOST_KEPT = STREAM_WINDOW / 4;

export interface Filter {
  readonly mayControl: () => boolean;
  /** The client may send so many bytes more: what it said was passed on, or left out. */
  readonly credit: (bytes: number) => void;
}

/**
 * The way of a viewer's words to the box, of which only what it may say arrives. What is left out is no burden of the box's, so
 * each side has a credit of its own here.
 */
export class FilteredStream {
  readonly #input: ViewerInput;
  readonly #filter: Filter;
  #stream: PortStream | undefined;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #mayPass = STREAM_WINDOW;
  #owed = 0;

  constructor(filter: Filter) {
    this.#filter = filter;
    this.#input = new ViewerInput({
      mayControl: filter.mayControl,
      pass: bytes => {
        this.#kept.push(bytes);
        this.#keptBytes += bytes.length;
      },
    });
  }

  /** The way there, as the client sees it. Call once. */
  over(stream: PortStream): PortStream {
    this.#stream = stream;
    return {
      data: bytes => {
        this.#input.take(bytes);
        this.#owed += bytes.length;
        this.#flush();
      },
      credit: bytes => stream.credit(bytes),
      // A viewer that sends no more has left: RFB has nothing to show to one that does not ask.
      end: () => stream.close(),
      close: () => stream.close(),
    };
  }

  /** The box took so many bytes more. */
  mayPass(bytes: number): void {
    this.#mayPass += bytes;
    this.#flush();
  }

  release(): void {
    this.#input.release();
    this.#flush();
  }

  #flush(): void {
    while (this.#mayPass > 0 && this.#kept.length > 0) {
      const [next] = this.#kept as [Buffer];
      const part = next.subarray(0, this.#mayPass);
      if (part.length === next.length) this.#kept.shift();
      else this.#kept[0] = next.subarray(part.length);
      this.#keptBytes -= part.length;
      this.#mayPass -= part.length;
      this.#stream?.data(part);
    }
    if (this.#owed < MOST_KEPT || this.#keptBytes > MOST_KEPT) return;
    this.#filter.credit(this.#owed);
    this.#owed = 0;
  }
}
