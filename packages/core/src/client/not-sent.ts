import {routes} from '../api/routes.ts';
import type {RouteName} from '../api/index.ts';

/** A request that would have changed something, and was kept back because the client was made to only look. */
export interface UnsentRequest {
  readonly method: string;
  readonly path: string;
  readonly idempotencyKey?: string | undefined;
  readonly body?: unknown;
}

/** What a client with `isDryRun` rejects with where it would have sent the first request that changes something. */
export class NotSent extends Error {
  readonly request: UnsentRequest;

  constructor(request: UnsentRequest) {
    super(`${request.method} ${request.path} was not sent`);
    this.name = 'NotSent';
    this.request = request;
  }
}

/** What an upload answers that was read to its end and sent nowhere. */
export async function notUploaded(bytes: AsyncIterable<Uint8Array>): Promise<{blob: string; bytes: number}> {
  let count = 0;
  for await (const chunk of bytes) count += chunk.length;
  return {blob: '(not sent)', bytes: count};
}

const shows = {devbox: 'devboxesShow', worker: 'workersShow', job: 'jobsShow', tenant: 'tenantsShow', webhook: 'webhooksShow'} as const;
type Noun = keyof typeof shows;

/** What a request names must be there: questions that the server answers without changing anything, in order. */
export function namesIn(name: RouteName, input: object): readonly {readonly ask: RouteName; readonly input: object}[] {
  const inPath = [...routes[name].path.matchAll(/:(\w+)/g)].map(
    ([, param]) => [param!, (input as Record<string, unknown>)[param!]] as const,
  );
  const inBody = Object.entries((input as {body?: object}).body ?? {});
  return [...inPath, ...inBody].flatMap(([noun, value]) =>
    Object.hasOwn(shows, noun) && typeof value === 'string' ? [{ask: shows[noun as Noun], input: {[noun]: value}}] : [],
  );
}
