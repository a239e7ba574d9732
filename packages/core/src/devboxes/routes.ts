import {pageOf, type Http} from '../rim/http.ts';
import type {DevBoxService, JobService} from '../services.ts';

export function addDevBoxRoutes(http: Http, devboxes: DevBoxService, jobs: JobService): void {
  http.route('devboxesCreate', ({session, body, idempotencyKey}) => devboxes.create(session, body, idempotencyKey));
  http.route('devboxesList', async ({session}) => pageOf(await devboxes.list(session.tenant)));
  http.route('devboxesShow', ({session, params}) => devboxes.show(session.tenant, params['devbox']!));
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
  http.route('devboxesAdopt', ({session, body}) => devboxes.adopt(session, body));
}
