import {chmodSync, closeSync, openSync, renameSync, rmSync} from 'node:fs';
import {DatabaseSync} from 'node:sqlite';

/**
 * What a job was told to do is written once, in a table of its own: it is long, and the rest of its row changes often. Jobs
 * that are over are appended without an index, which would dirty a page of its own for each: they are looked up in memory.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS jobs (job TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS starts (job TEXT PRIMARY KEY, start TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS tombstones (job TEXT PRIMARY KEY, number INTEGER NOT NULL, attempt TEXT NOT NULL, reason TEXT, at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS buried (job TEXT NOT NULL, number INTEGER NOT NULL, attempt TEXT NOT NULL, reason TEXT, at INTEGER NOT NULL) STRICT;
  INSERT INTO buried SELECT * FROM tombstones;
  DROP TABLE tombstones;
  CREATE TABLE IF NOT EXISTS generations (devbox TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
`;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** A file that is no journal any more is put aside: the labels of the boxes and the server's records are what is left. */
export function openJournalFile(path: string): DatabaseSync {
  const attempt = () => {
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    const db = new DatabaseSync(path);
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000; PRAGMA wal_autocheckpoint=4000');
    db.exec(`BEGIN; ${schema} COMMIT`);
    return db;
  };
  try {
    return attempt();
  } catch (error) {
    const code = (error as {errcode?: number}).errcode;
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) throw error;
    renameSync(path, `${path}.broken-${Date.now()}`);
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, {force: true});
    return attempt();
  }
}

export const prepareStatements = (db: DatabaseSync) => ({
  putJob: db.prepare('INSERT INTO jobs (job, row) VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET row = excluded.row'),
  putStart: db.prepare('INSERT INTO starts (job, start) VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET start = excluded.start'),
  deleteStart: db.prepare('DELETE FROM starts WHERE job = ?'),
  deleteJob: db.prepare('DELETE FROM jobs WHERE job = ?'),
  putMeta: db.prepare('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value'),
  putTombstone: db.prepare('INSERT INTO buried (job, number, attempt, reason, at) VALUES (?, ?, ?, ?, ?)'),
  putGeneration: db.prepare('INSERT OR REPLACE INTO generations (devbox, generation) VALUES (?, ?)'),
});
