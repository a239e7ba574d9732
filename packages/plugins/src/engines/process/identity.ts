import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {userInfo} from 'node:os';
import path from 'node:path';
import type {Host} from '@boxyard/core/plugin-api';
import {programsOf} from './box-dir.ts';
import type {ProcessConfig} from './config.ts';

const run = promisify(execFile);
const ROOT_WORK = '/var/lib/boxyard-job';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** As whom programs run, and where their folders are. Root never runs a program itself. */
export interface Identity {
  readonly user: string;
  /** Present when we are root: who a child becomes. */
  readonly drop?: {readonly uid: number; readonly gid: number};
  /** The folder of all workspaces. */
  readonly work: string;
}

/** Where boxes are, and as whom their programs run. */
export interface Place {
  readonly identity: Identity;
  readonly host: Host;
}

/** Undefined where we are root and the unprivileged user does not exist. */
export const findIdentity = async (config: ProcessConfig, host: Host): Promise<Identity | undefined> => {
  if (process.getuid?.() !== 0) return {user: userInfo().username, work: config.root ?? path.join(host.stateDir, 'work')};
  const [uid, gid] = await Promise.all([idOf('-u', config.user), idOf('-g', config.user)]);
  if (uid === undefined || gid === undefined || uid === 0) return undefined;
  return {user: config.user, drop: {uid, gid}, work: config.root ?? ROOT_WORK};
};

export const howToAddUser = (user: string): string =>
  `useradd --system --user-group --home-dir ${ROOT_WORK} --no-create-home --shell /usr/sbin/nologin ${user}`;

const idOf = async (flag: '-u' | '-g', user: string): Promise<number | undefined> => {
  const answer = await run('id', [flag, '--', user]).catch(() => undefined);
  const id = Number(answer?.stdout.trim() || NaN);
  return Number.isInteger(id) ? id : undefined;
};

/** The whole environment of a program: nothing of ours is inherited. */
export const cleanEnvironment = (identity: Identity, workspace: string, own: Readonly<Record<string, string>>): Record<string, string> => ({
  PATH: `${programsOf(workspace)}:${PATH}`,
  LANG: 'C.UTF-8',
  SHELL: '/bin/sh',
  USER: identity.user,
  LOGNAME: identity.user,
  HOME: workspace,
  ...own,
  BOXYARD_WORKSPACE: workspace,
});
