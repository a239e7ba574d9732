import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {writePrivate} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';

const run = promisify(execFile);

export interface ServiceRequest {
  /** What runs the worker in the foreground: absolute path first. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where variables go that hold a password: anybody on the machine may read a unit, and ask systemd for what it sets. */
  readonly secretsFile: string;
  readonly home: string;
  readonly user: string;
  readonly isRoot: boolean;
  readonly platform: NodeJS.Platform;
}

export interface Installed {
  readonly file: string;
  /** Commands that were run, or that a person has to run where they failed. */
  readonly commands: readonly string[];
  /** What a person should know, such as that a user's services end at logout. */
  readonly notes: readonly string[];
}

const UNIT = 'boxyard-worker.service';
const LABEL = 'io.boxyard.worker';

/**
 * systemd: only the agent itself is killed when the unit stops; boxes and session host go on (R29). It comes back after a
 * crash, but not after being refused for good (exit 4).
 */
export function systemdUnit({
  command,
  env,
  isRoot,
  secretsFile,
}: Pick<ServiceRequest, 'command' | 'env' | 'isRoot' | 'secretsFile'>): string {
  const environment = Object.entries(env)
    .filter(([, value]) => !hasPassword(value))
    .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
  return [
    '[Unit]',
    'Description=Boxyard worker',
    'Wants=network-online.target',
    'After=network-online.target podman.socket docker.service',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command.map(word => quoted(word.replaceAll('$', '$$$$'))).join(' ')}`,
    ...environment,
    ...(Object.values(env).some(hasPassword) ? [`EnvironmentFile=${secretsFile.replaceAll('%', '%%')}`] : []),
    'KillMode=process',
    'Restart=always',
    'RestartSec=2',
    'RestartPreventExitStatus=4',
    'TimeoutStopSec=30',
    '',
    '[Install]',
    `WantedBy=${isRoot ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n');
}

/** As in `http://user:password@proxy:3128`. */
const hasPassword = (value: string): boolean => URL.canParse(value) && new URL(value).password !== '';

/** One word of a unit file: specifiers and quotes lose their meaning. Variables are only looked for in commands. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%');
  return /^[A-Za-z0-9_./:=@%+$,-]+$/.test(plain)
    ? plain
    : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/**
 * launchd starts again whatever ends with another code than 0, and knows no exception: being refused for good ends with 0 there.
 */
export function launchdPlist({command, env, home}: Pick<ServiceRequest, 'command' | 'env' | 'home'>): string {
  const text = (value: string) => `<string>${escaped(value)}</string>`;
  const log = text(join(home, 'Library', 'Logs', 'boxyard-worker.log'));
  const pairs = Object.entries({...env, BOXYARD_REFUSED_EXIT: '0'}).map(([name, value]) => `    <key>${escaped(name)}</key>${text(value)}`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0"><dict>',
    `  <key>Label</key>${text(LABEL)}`,
    `  <key>ProgramArguments</key><array>${command.map(text).join('')}</array>`,
    '  <key>EnvironmentVariables</key><dict>',
    ...pairs,
    '  </dict>',
    '  <key>RunAtLoad</key><true/>',
    '  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>',
    '  <key>AbandonProcessGroup</key><true/>',
    `  <key>StandardOutPath</key>${log}`,
    `  <key>StandardErrorPath</key>${log}`,
    '</dict></plist>',
    '',
  ].join('\n');
}

const escaped = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function serviceFile({platform, isRoot, home}: Pick<ServiceRequest, 'platform' | 'isRoot' | 'home'>): string {
  if (platform === 'darwin')
    return isRoot ? `/Library/LaunchDaemons/${LABEL}.plist` : join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`);
  if (platform === 'linux') return isRoot ? `/etc/systemd/system/${UNIT}` : join(home, '.config', 'systemd', 'user', UNIT);
  throw new BoxyardError('UNSUPPORTED', {what: 'a service on Windows', hint: 'Run Boxyard inside WSL.'});
}

/** Writes the unit and starts it. Idempotent. A command that fails is handed back to be typed. */
export async function installService(request: ServiceRequest): Promise<Installed> {
  const file = serviceFile(request);
  const isMac = request.platform === 'darwin';
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, isMac ? launchdPlist(request) : systemdUnit(request), {mode: isMac ? 0o600 : 0o644});
  if (!isMac) writeSecrets(request);
  const commands = isMac
    ? [['launchctl', 'load', '-w', file]]
    : systemctl(request.isRoot, [['daemon-reload'], ['enable', UNIT], ['restart', UNIT]]);
  const notes = await runAll(commands);
  if (!isMac && !request.isRoot && !existsSync(`/var/lib/systemd/linger/${request.user}`)) {
    notes.push(`The worker ends when ${request.user} logs out, until: loginctl enable-linger ${request.user}`);
  }
  return {file, commands: commands.map(words => words.join(' ')), notes};
}

function writeSecrets({env, secretsFile}: ServiceRequest): void {
  const lines = Object.entries(env)
    .filter(([, value]) => hasPassword(value))
    .map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"\n`);
  if (lines.length === 0) rmSync(secretsFile, {force: true});
  else writePrivate(secretsFile, lines.join(''));
}

/** Stops and removes it; boxes stay. Idempotent. */
export async function uninstallService(request: Pick<ServiceRequest, 'platform' | 'isRoot' | 'home' | 'secretsFile'>): Promise<Installed> {
  const file = serviceFile(request);
  const isMac = request.platform === 'darwin';
  if (!existsSync(file)) return {file, commands: [], notes: ['There is no such service.']};
  const before = isMac ? [['launchctl', 'unload', '-w', file]] : systemctl(request.isRoot, [['disable', '--now', UNIT]]);
  const notes = await runAll(before);
  rmSync(file, {force: true});
  rmSync(request.secretsFile, {force: true});
  if (!isMac) await runAll(systemctl(request.isRoot, [['daemon-reload']]));
  return {file, commands: before.map(words => words.join(' ')), notes};
}

const systemctl = (isRoot: boolean, calls: readonly (readonly string[])[]) =>
  calls.map(words => ['systemctl', ...(isRoot ? [] : ['--user']), ...words]);

async function runAll(commands: readonly (readonly string[])[]): Promise<string[]> {
  const notes: string[] = [];
  for (const [program = '', ...args] of commands) {
    await run(program, args, {timeout: 30_000}).catch((error: Error) =>
      notes.push(`${[program, ...args].join(' ')}: ${error.message.split('\n')[0]}`),
    );
  }
  return notes;
}
