import {BoxyardError, fromWire} from '@boxyard/core/errors';
import type {Attempt, FromServer} from '@boxyard/core/protocol';
import type {Connection} from './connection.ts';

type Answer = Extract<FromServer, {type: 'job.secrets'}>;
type Of = {readonly job: string; readonly attempt: Attempt};
interface Asking {
  readonly of: Of;
  readonly answered: Promise<Readonly<Record<string, string>>>;
  readonly resolve: (values: Readonly<Record<string, string>>) => void;
  readonly reject: (error: Error) => void;
}

/** Values of secrets, asked for when a job needs them and kept in memory until it ends (R15). They are never written anywhere. */
export class Secrets {
  readonly #connection: () => Connection;
  readonly #asking = new Map<string, Asking>();

  constructor(connection: () => Connection) {
    this.#connection = connection;
  }

  /** By secret name; waits for the server as long as the signal lets it. */
  async of(of: Of, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const known = this.#asking.get(of.attempt.id) ?? this.#ask(of);
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(signal.reason as Error);
    signal.addEventListener('abort', stop, {once: true});
    try {
      signal.throwIfAborted();
      return await Promise.race([known.answered, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  answer(message: Answer): void {
    const asking = this.#asking.get(message.attempt.id);
    if (!asking) return;
    if (!message.error) return asking.resolve(message.values);
    this.#asking.delete(message.attempt.id);
    asking.reject(fromWire(message.error as Parameters<typeof fromWire>[0]));
  }

  onOpen(): void {
    for (const {of} of this.#asking.values()) this.#send(of);
  }

  forget(of: Of): void {
    this.#asking.get(of.attempt.id)?.reject(new BoxyardError('INTERRUPTED'));
    this.#asking.delete(of.attempt.id);
  }

  #ask(of: Of): Asking {
    const {promise, resolve, reject} = Promise.withResolvers<Readonly<Record<string, string>>>();
    promise.catch(() => undefined);
    const asking = {of, answered: promise, resolve, reject};
    this.#asking.set(of.attempt.id, asking);
    this.#send(of);
    return asking;
  }

  #send(of: Of): void {
    this.#connection().send({type: 'job.secrets', job: of.job, attempt: of.attempt});
  }
}
