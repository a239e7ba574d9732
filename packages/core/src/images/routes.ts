import {pageOf, type Http} from '../rim/http.ts';
import type {ImageService, JobService} from '../services.ts';

export function addImageRoutes(http: Http, images: ImageService, jobs: JobService): void {
  http.route('imagesList', async ({session}) => {
    const found = await images.list(session.tenant);
    return {...pageOf(found), missing: [...found.missing]};
  });
  http.route('imagesCheck', ({session, query}) => images.check(session.tenant, query.ref));
  http.route('imagesPull', ({session, body, idempotencyKey}) => jobs.pull(session, body, idempotencyKey));
  http.route('imagesBuild', ({session, body, idempotencyKey}) => jobs.build(session, body, idempotencyKey));
  http.route('imagesRemove', async ({session, body, idempotencyKey: key}) =>
    jobs.removeImage(session, body, {key, at: await images.find(session.tenant, body)}),
  );
}
