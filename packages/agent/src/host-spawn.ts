import {spawn} from 'node:child_process';
import {closeSync, copyFileSync, existsSync, openSync, renameSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {privateDir} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {versionOf} from './running-hosts.ts';

export interface HostProgram {
  /** A built bundle, copied beside the state before it runs; or the source, run where it is. */
  readonly file: string;
  readonly isBundle: boolean;
}

/** A program that stays what it is, whatever becomes of the package it came with; `version` says which code it is. */
export interface PreparedHost {
  readonly file: string;
  readonly version: string;
  /** A file of the installation, from which the packages that cannot be in a bundle are found. */
  readonly packages: string;
}

/** Done once, when the agent starts: an upgrade under a running agent must change neither what it starts nor where it looks for it. */
export function prepareHost(stateDir: string, {file, isBundle}: HostProgram): PreparedHost {
  if (!existsSync(file)) throw new BoxyardError('CONFLICT', {what: file, issue: 'is not there', hint: 'Install Boxyard again.'});
  const version = versionOf(file);
  return {file: isBundle ? copied(file, stateDir, version) : file, version, packages: file};
}

/** What mostly waits need not keep the megabytes in which a burst was over long ago: they are collected sooner instead. */
const sparing = ['--max-semi-space-size=2'];

/** Starts the session host in a session and process group of its own, with a log file for a terminal: nothing that ends the agent ends it. */
export function spawnHost(
  stateDir: string,
  {file, version, packages}: PreparedHost,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const log = openSync(join(stateDir, 'session-host.log'), 'a', 0o600);
  try {
    const [command, ...args] = wrapped([process.execPath, ...sparing, file, stateDir, version], env);
    const child = spawn(command!, args, {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: stateDir,
      env: {...withoutOurs(env), BOXYARD_PACKAGES: packages},
    });
    child.on('error', () => undefined);
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** Under systemd it gets a scope of its own, or the unit's end would be its end (R29). */
function wrapped(command: string[], env: Readonly<Record<string, string | undefined>>): string[] {
  if (env['INVOCATION_ID'] === undefined || !existsSync('/run/systemd/system') || !existsSync('/usr/bin/systemd-run')) return command;
  const user = process.getuid?.() === 0 ? [] : ['--user'];
  return ['/usr/bin/systemd-run', ...user, '--scope', '--quiet', '--collect', '--', ...command];
}

/** An upgrade replaces the package's files; the one that runs for weeks must not read new code into an old process. */
function copied(file: string, stateDir: string, version: string): string {
  const target = join(privateDir(stateDir), `session-host-${version}.mjs`);
  if (existsSync(target) && statSync(target).size === statSync(file).size) return target;
  copyFileSync(file, `${target}.new`);
  renameSync(`${target}.new`, target);
  return target;
}

const ours = ['BOXYARD_WORKER_TOKEN', 'BOXYARD_TOKEN', 'BOXYARD_INVITATION', 'BOXYARD_SECRET_KEY', 'BOXYARD_CRASH_AT', 'NODE_OPTIONS'];
const withoutOurs = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !ours.includes(entry[0])));
