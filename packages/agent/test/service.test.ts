import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {launchdPlist, serviceFile, systemdUnit} from '../src/service.ts';

const command = ['/opt/node bin/node', '/opt/boxyard/agent.js', '--name', '50%$HOME'];

const secretsFile = '/home/a b/worker.env';
const unitOf = (env: Record<string, string>, words: readonly string[] = command) =>
  systemdUnit({command: words, env, isRoot: false, secretsFile});

test('a systemd unit kills the agent alone and keeps every argument and variable one word', () => {
  const unit = unitOf({BOXYARD_CONFIG_DIR: '/home/a b', PODMAN_PATH: '/opt/100%$x'});
  expect(unit).toContain('KillMode=process\n');
  expect(unit).toContain('ExecStart="/opt/node bin/node" /opt/boxyard/agent.js --name 50%%$$HOME\n');
  expect(unit).toContain('Environment="BOXYARD_CONFIG_DIR=/home/a b"\n');
  expect(unit).toContain('Environment=PODMAN_PATH=/opt/100%%$x\n');
  expect(unit).toContain('WantedBy=default.target\n');
});

test('a proxy’s password is not in the unit, which anybody may read', () => {
  const unit = unitOf({HTTPS_PROXY: 'http://anna:s3cret@proxy:3128', NO_PROXY: 'a.example'});
  expect(unit).not.toContain('s3cret');
  expect(unit).toContain(`EnvironmentFile=${secretsFile}\n`);
  expect(unit).toContain('Environment=NO_PROXY=a.example\n');
  expect(unitOf({HTTPS_PROXY: 'http://proxy:3128'})).not.toContain('EnvironmentFile');
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasAnalyze) process.stderr.write('systemd-analyze is not here: units are not verified by it\n');

test.skipIf(!hasAnalyze)('systemd itself finds nothing to say about the unit, and would', () => {
  const dir = mkdtempSync(join(tmpdir(), 'unit-'));
  const verify = (unit: string) => {
    const file = join(dir, 'boxyard-worker.service');
    writeFileSync(file, unit);
    const {status, stderr} = spawnSync('systemd-analyze', ['verify', '--man=no', file], {encoding: 'utf8'});
    return {status, said: stderr};
  };
  const env = {BOXYARD_CONFIG_DIR: '/home/a b', PODMAN_PATH: '/x%y$z', HTTPS_PROXY: 'http://a:b@proxy:1'};
  const good = unitOf(env, ['/bin/sh', '-c', 'echo "50%$HOME"', "it's"]);
  expect(verify(good)).toEqual({status: 0, said: ''});
  expect(verify(good.replace('KillMode=process', 'KillMode=never')).said).not.toBe('');
  expect(verify(good.replace('/bin/sh', '/no/such/program')).status).not.toBe(0);
  rmSync(dir, {recursive: true});
});

test('a launchd job leaves what the agent started alone', () => {
  const plist = launchdPlist({command: ['/bin/x', 'a<b'], env: {}, home: '/Users/a'});
  expect(plist).toContain('<key>AbandonProcessGroup</key><true/>');
  expect(plist).toContain('<string>a&lt;b</string>');
});

test('root gets a system service, a person one of their own', () => {
  expect(serviceFile({platform: 'linux', isRoot: true, home: '/root'})).toBe('/etc/systemd/system/boxyard-worker.service');
  expect(serviceFile({platform: 'linux', isRoot: false, home: '/home/a'})).toBe('/home/a/.config/systemd/user/boxyard-worker.service');
});
