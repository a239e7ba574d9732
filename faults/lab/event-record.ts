import {setTimeout as delay} from 'node:timers/promises';
import type {Api, Event} from './api.ts';

/** Every event from its start on, over any number of connections: it goes on behind the last one it saw, as a client would. */
export class EventRecord implements AsyncDisposable {
  readonly events: Event[] = [];
  /** Times the server could not go on where this record was (R18). */
  resets = 0;
  #last: string | undefined;
  #isOver = false;
  #stop: (() => void) | undefined;

  /** Recording when it resolves. */
  static async start(api: () => Api): Promise<EventRecord> {
    const record = new EventRecord();
    const connection = await record.#connect(api());
    void record.#keepOn(api, connection);
    return record;
  }

  async #connect(api: Api): Promise<{ended: Promise<void>}> {
    const ended = Promise.withResolvers<void>();
    this.#stop = await api.follow(
      {
        onEvent: (event, id) => {
          this.events.push(event);
          if (id !== '') this.#last = id;
        },
        onReset: () => (this.resets += 1),
        onEnd: ended.resolve,
      },
      this.#last,
    );
    return {ended: ended.promise};
  }

  async #keepOn(api: () => Api, first: {ended: Promise<void>}): Promise<void> {
    let connection: {ended: Promise<void>} | undefined = first;
    while (!this.#isOver) {
      await connection?.ended;
      if (this.#isOver) break;
      connection = await this.#connect(api()).catch(() => undefined);
      if (connection === undefined) await delay(100);
    }
    this.#stop?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#stop?.();
  }
}
