import type {DevBoxView, JobView} from '@boxyard/core/api';
import {waitFor, type Lab} from '../lab.ts';
import type {Client} from './client.ts';

let serial = 0;

/** Creates a DevBox and resolves to its name once its job has ended, that is, once it runs. The lab removes it. */
export async function createDevBox(
  lab: Lab,
  client: Client,
  what: {readonly engine: string; readonly image: string; readonly [more: string]: unknown},
): Promise<string> {
  const name = `bench-${process.pid}-${serial++}`;
  lab.own(name, () => removeDevBox(client, name).catch(() => {}));
  const {job} = await client.ask<{devbox: DevBoxView; job: JobView}>('POST', '/v1/devboxes', {name, ...what});
  const {job: ended} = await client.attach(job.id);
  if (ended.outcome !== 'succeeded')
    throw new Error(`creating a DevBox ended ${ended.outcome}: ${ended.error?.message ?? ended.reason?.message}`);
  return name;
}

/** Removes it at once and waits until the engine has. A DevBox that is gone is fine. */
export async function removeDevBox(client: Client, name: string): Promise<void> {
  const removal = await client.ask<{job?: JobView}>('POST', `/v1/devboxes/${name}/remove`, {now: true}).catch((error: Error) => {
    if (error.message.includes(': 404')) return {job: undefined};
    throw error;
  });
  if (removal.job) await client.attach(removal.job.id);
  await waitFor('the DevBox to be gone', async () => {
    const {items} = await client.ask<{items: DevBoxView[]}>('GET', '/v1/devboxes');
    return !items.some(box => box.name === name) || undefined;
  });
}
