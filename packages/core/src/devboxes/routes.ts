import {pageOf, type Http} from '../rim/http.ts';
import type {DevBoxService, FileService, JobService} from '../services.ts';

/** What it wrote, or has to read, a command in it could as well: each needs `run`. */
export function addFileRoutes(http: Http, files: FileService): void {
  http.route('devboxesFilesStat', ({session, params, query, signal}) => files.stat(session.tenant, params['devbox']!, query.path, signal));
  http.route('devboxesFilesGet', async ({session, params, query, signal, send}) => {
    const tar = await files.get(session.tenant, params['devbox']!, query.path, signal);
    await send({'content-type': 'application/x-tar'}, tar);
  });
  http.route('devboxesFilesPut', ({session, params, query, bytes, signal}) =>
    files.put(session.tenant, params['devbox']!, query.path, {tar: bytes, signal}),
  );
}

export function addDevBoxRoutes(http: Http, devboxes: DevBoxService, jobs: JobService): void {
  http.route('devboxesCreate', ({session, body, idempotencyKey}) => devboxes.create(session, body, idempotencyKey));
  http.route('devboxesList', async ({session}) => pageOf(await devboxes.list(session.tenant)));
  http.route('devboxesShow', ({session, params}) => devboxes.show(session.tenant, params['devbox']!));
  http.route('devboxesStats', ({session, params}) => devboxes.stats(session.tenant, params['devbox']!));
  http.route('devboxesStart', ({session, params, idempotencyKey}) => devboxes.start(session, params['devbox']!, idempotencyKey));
  http.route('devboxesStop', ({session, params, body, idempotencyKey}) =>
    devboxes.stop(session, params['devbox']!, body.graceMs, idempotencyKey),
  );
  http.route('devboxesSnapshot', ({session, params, body, idempotencyKey}) =>
    devboxes.snapshot(session, params['devbox']!, body, idempotencyKey),
  );
  http.route('devboxesRemove', ({session, params, body, idempotencyKey}) =>
    devboxes.remove(session, params['devbox']!, body, idempotencyKey),
  );
  http.route('devboxesRestore', ({session, params}) => devboxes.restore(session, params['devbox']!));
  http.route('devboxesExec', ({session, params, body, idempotencyKey}) => jobs.exec(session, params['devbox']!, body, idempotencyKey));
  http.route('devboxesDisplay', ({session, params, body, idempotencyKey}) =>
    jobs.display(session, params['devbox']!, body, idempotencyKey),
  );
  http.route('devboxesAdopt', ({session, body}) => devboxes.adopt(session, body));
}
