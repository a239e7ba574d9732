import {Agent, get} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {fastify} from 'fastify';
import type {Lab} from '../lab.ts';

/** Two commits as an agent's journal makes them for one job: WAL, FULL, a row each. */
export function journalCommits(lab: Lab): () => void {
  const database = lab.own(new DatabaseSync(join(lab.dir, 'baseline.sqlite')), db => db.close());
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE entry (id INTEGER PRIMARY KEY, state TEXT)');
  const accept = database.prepare('INSERT INTO entry (state) VALUES (?)');
  const end = database.prepare('UPDATE entry SET state = ? WHERE id = ?');
  return () => {
    const {lastInsertRowid} = accept.run('accepted');
    end.run('ended', lastInsertRowid);
  };
}

/** One round trip to a fastify server that does nothing, over a kept connection. */
export async function emptyRoundTrip(lab: Lab): Promise<() => Promise<void>> {
  const server = lab.own(fastify(), s => s.close());
  server.get('/', async () => ({}));
  await server.listen({port: 0, host: '127.0.0.1'});
  const {port} = server.server.address() as AddressInfo;
  const agent = lab.own(new Agent({keepAlive: true}), a => a.destroy());
  return () =>
    new Promise((resolve, reject) => {
      get({host: '127.0.0.1', port, agent, path: '/'}, response => response.resume().once('end', () => resolve())).once('error', reject);
    });
}
