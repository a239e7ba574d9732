import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {BoxyardError} from '@boxyard/core/errors';

const run = promisify(execFile);

export interface ServiceRequest {
  /** What runs the worker in the foreground: absolute path first. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
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
export function systemdUnit({command, env, isRoot}: Pick<ServiceRequest, 'command' | 'env' | 'isRoot'>): string {
  const environment = Object.entries(env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
  return [
    '[Unit]',
    'Description=Boxyard worker',
    'Wants=network-online.target',
    'After=network-online.target podman.socket docker.service',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command.map(quoted).join(' ')}`,
    ...environment,
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

/** One word of a unit file: specifiers, variables and quotes lose their meaning. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(plain)
    ? plain
    : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

export function launchdPlist({command, env, home}: Pick<ServiceRequest, 'command' | 'env' | 'home'>): string {
  const text = (value: string) => `<string>${escaped(value)}</string>`;
  const pairs = Object.entries(env).map(([name, value]) => `    <key>${escaped(name)}</key>${text(value)}`);
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
    '  <key>KeepAlive</key><dict><key>Crashed</key><true/></dict>',
    '  <key>AbandonProcessGroup</key><true/>',
    `  <key>StandardErrorPath</key>${text(join(home, 'Library', 'Logs', 'boxyard-worker.log'))}`,
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
  writeFileSync(file, isMac ? launchdPlist(request) : systemdUnit(request), {mode: 0o644});
  const commands = isMac
    ? [['launchctl', 'load', '-w', file]]
    : systemctl(request.isRoot, [['daemon-reload'], ['enable', UNIT], ['restart', UNIT]]);
  const notes = await runAll(commands);
  if (!isMac && !request.isRoot && !existsSync(`/var/lib/systemd/linger/${request.user}`)) {
    notes.push(`The worker ends when ${request.user} logs out, until: loginctl enable-linger ${request.user}`);
  }
  return {file, commands: commands.map(words => words.join(' ')), notes};
}

/** Stops and removes it; boxes stay. Idempotent. */
export async function uninstallService(request: Pick<ServiceRequest, 'platform' | 'isRoot' | 'home'>): Promise<Installed> {
  const file = serviceFile(request);
  const isMac = request.platform === 'darwin';
  if (!existsSync(file)) return {file, commands: [], notes: ['There is no such service.']};
  const before = isMac ? [['launchctl', 'unload', '-w', file]] : systemctl(request.isRoot, [['disable', '--now', UNIT]]);
  const notes = await runAll(before);
  rmSync(file, {force: true});
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
