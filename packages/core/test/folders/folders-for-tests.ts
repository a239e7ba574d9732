import {createHash} from 'node:crypto';
import {pack} from 'tar-stream';
import type {ClusterDocument, RoleDocument} from '../../src/api/index.ts';
import type {FolderChanges, FolderIndex} from '../../src/protocol/index.ts';
import type {TestCore} from '../core-for-tests.ts';
import type {FakeAgent, Start} from '../fake-agent.ts';
import {waitFor} from '../redis-for-tests.ts';

export const at = {cluster: 'team', role: 'builder'};
export const team = (role: Partial<RoleDocument> = {}, ...others: readonly RoleDocument[]): ClusterDocument => ({
  name: 'team',
  folders: ['plans'],
  roles: [{name: 'builder', command: ['make'], maxConcurrency: 10, ...role}, ...others],
});
export const sha = (text: string) => createHash('sha256').update(text).digest('hex');

let stream = 1_000;

/** What a worker gets when it asks for a blob of a job. */
export async function asked(agent: FakeAgent, start: Start, blob: string): Promise<Buffer> {
  const number = (stream += 1);
  const parts: Buffer[] = [];
  const stop = agent.onData(frame => {
    if (frame.stream === number) parts.push(Buffer.from(frame.bytes));
  });
  agent.send({type: 'file.get', stream: number, job: start.job, attempt: start.attempt, what: {blob}, from: 0});
  agent.send({type: 'stream.credit', stream: number, bytes: 64 * 1024 * 1024});
  const end = await endOf(agent, number);
  stop();
  if (end.error !== undefined) throw Object.assign(new Error(end.error.message), {code: end.error.code});
  return Buffer.concat(parts);
}

export async function indexOf(agent: FakeAgent, start: Start): Promise<FolderIndex> {
  return JSON.parse((await asked(agent, start, 'folders-base')).toString()) as FolderIndex;
}

const endOf = (agent: FakeAgent, number: number) =>
  waitFor(() => agent.received.find(message => message.type === 'stream.end' && message.stream === number)) as Promise<{
    error?: {code: string; message: string};
    notes?: string[];
  }>;

/** The pack a worker sends: texts by path, as one that is honest would. */
export function packOf(files: Readonly<Record<string, string>>, more: Partial<FolderChanges> = {}): Buffer {
  const contents = Object.values(files).map(text => ({hash: sha(text), bytes: Buffer.byteLength(text)}));
  const list = Object.entries(files).map(([path, text]) => ({path, hash: sha(text), bytes: Buffer.byteLength(text), exec: false}));
  return withTail(Object.values(files).join(''), JSON.stringify({contents, files: list, gone: [], ...more}));
}

export function withTail(bytes: string, json: string): Buffer {
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(Buffer.byteLength(json));
  return Buffer.concat([Buffer.from(bytes), Buffer.from(json), tail]);
}

/** Sends it, and resolves to what the server says. */
export async function sendPack(agent: FakeAgent, start: Start, bytes: Buffer) {
  const number = (stream += 1);
  agent.send({type: 'file.put', stream: number, job: start.job, attempt: start.attempt, what: 'folders', from: 0});
  for (let offset = 0; offset < bytes.length; offset += 16_384) agent.data(number, offset, bytes.subarray(offset, offset + 16_384));
  agent.send({type: 'stream.end', stream: number, length: bytes.length});
  return endOf(agent, number);
}

export async function tarOf(files: Readonly<Record<string, string>>): Promise<AsyncIterable<Uint8Array>> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({name}, text);
  tar.finalize();
  return tar as AsyncIterable<Uint8Array>;
}

export const put = async (core: TestCore, files: Readonly<Record<string, string>>, path = 'shared/plans', mirror = false) =>
  core.core.services.folders.put(core.caller, 'team', {path, mirror}, await tarOf(files));

export const pathsIn = async (core: TestCore, path = ''): Promise<string[]> =>
  (await core.core.services.folders.files(core.caller.tenant, 'team', path)).items.map(file => file.path);

/** The job an agent is told to start next. */
export const startedAfter = (agent: FakeAgent, count: number): Promise<Start> => waitFor(() => agent.started[count]);
