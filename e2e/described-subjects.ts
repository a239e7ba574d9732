import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {buffer} from 'node:stream/consumers';
import {pack} from 'tar-stream';
import type {Reader} from './described-answers.ts';
import {type Up, waitFor} from './up.ts';

/** Every route about clusters and roles, asked so that it succeeds. */
export async function ofClusters(reader: Reader, up: Up): Promise<void> {
  const role = {name: 'builder', engine: 'process', command: ['true'], copies: 2, triggers: {cron: [{schedule: '0 0 1 1 *'}]}};
  const document = {name: 'described', prompt: 'a\nb', folders: ['plans'], roles: [role]};
  const at = {cluster: 'described', role: 'builder'};
  for (const dryRun of [true, false]) await reader.ok('clustersApply', {body: {document, dryRun}});
  await reader.ok('clustersCreate', {body: {name: 'another', roles: []}});
  for (const name of ['clustersList', 'clustersShow', 'rolesShow']) await reader.ok(name, {at});
  const query = '?path=shared/plans';
  await reader.ok('foldersPut', {at, query, raw: await tarOf('a.txt'), headers: {'content-type': 'application/x-tar'}});
  for (const name of ['foldersFiles', 'foldersGet']) await reader.ok(name, {at, query});
  await reader.ok('rolesCreate', {at, body: {...role, name: 'tester'}});
  await reader.ok('rolesUpdate', {at: {...at, role: 'tester'}, body: {...role, name: 'tester', copies: 3}});
  const run = await reader.ok<{id: string}>('rolesRun', {at, body: {inputs: {a: 'b'}}});
  await up.ended(run.id);
  await reader.ok('rolesWebhookRotate', {at, body: {}});
  for (const name of ['rolesWebhook', 'rolesWebhookUnsign']) await reader.ok(name, {at});
  const {job} = await reader.ok<{job: string}>('rolesTrigger', {at, body: {a: 1}});
  await up.ended(job);
  await reader.ok('jobsShow', {at: {job}});
  await ofReports(reader, up);
  for (const name of ['foldersList', 'clustersRuns', 'clustersRun']) await reader.ok(name, {at: {...at, run: run.id}});
  await reader.ok('foldersRemove', {at, query});
  await reader.ok('clustersStop', {at, body: {}});
  await reader.ok('rolesRemove', {at: {...at, role: 'tester'}});
  await reader.ok('clustersUpdate', {at, body: {enabled: false}});
  await reader.ok('clustersRemove', {at});
}

/** A job's own secret is known to it alone, so it says it. */
async function ofReports(reader: Reader, up: Up): Promise<void> {
  const file = join(up.path, 'reported');
  const command = ['sh', '-c', `printf %s "$BOXYARD_REPORT_SECRET" > ${file}.part; mv ${file}.part ${file}; sleep 60`];
  const {id: job} = await reader.ok<{id: string}>('jobsCreate', {body: {engine: 'process', report: true, command}});
  const token = await waitFor(() => (existsSync(file) ? readFileSync(file, 'utf8') : undefined), {within: 20_000, what: 'its secret'});
  await reader.ok('jobsReport', {at: {job}, token, body: {progress: {done: 1, total: 2}, log: ['a'], result: {b: [1, null]}}});
  for (const name of ['jobsShow', 'jobsList', 'jobsResult']) await reader.ok(name, {at: {job}});
  await reader.ok('jobsCancel', {at: {job}, body: {}});
  await up.ended(job);
}

/** Every route about webhooks; nobody listens there, which is told. */
export async function ofWebhooks(reader: Reader): Promise<void> {
  const at = {webhook: 'described'};
  await reader.ok('webhooksCreate', {body: {name: 'described', url: 'http://127.0.0.1:1/hook', events: ['job.*']}});
  for (const name of ['webhooksList', 'webhooksShow', 'webhooksTest', 'webhooksDeliveries', 'webhooksDeadLetters'])
    await reader.ok(name, {at});
  await reader.ok('webhooksUpdate', {at, body: {events: ['*']}});
  await reader.ok('webhooksRotate', {at, body: {}});
  await reader.ok('webhooksRedeliver', {at, body: {deadLetters: true}});
  await reader.ok('webhooksDisable', {at});
  await reader.ok('webhooksEnable', {at, body: {skip: true}});
  await reader.ok('webhooksRemove', {at});
}

export async function tarOf(name: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({name}, 'FROM scratch\n');
  tar.finalize();
  return buffer(tar);
}
