import type {Readable} from 'node:stream';
import Docker from 'dockerode';
import type {Api} from './api.ts';

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly options?: object;
  /** A body that is sent as it comes. */
  readonly file?: Readable;
}

/** By podman's own API, for what the one it shares with docker lacks or does badly. */
export const askPodman = (api: Api, {path, ...question}: Question, signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const unversioned = new Docker({...api.endpoint}).modem as unknown as Dialler;
    const request = {path: `/v4.0.0/libpod${path}`, ...question, abortSignal: signal, statusCodes: {200: true, 204: true}};
    unversioned.dial(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });

interface Dialler {
  dial(request: object, done: (error: Error | null, answer: unknown) => void): void;
}
