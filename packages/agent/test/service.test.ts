import {expect, test} from 'vitest';
import {launchdPlist, serviceFile, systemdUnit} from '../src/service.ts';

const command = ['/opt/node bin/node', '/opt/boxyard/agent.js', '--name', '50%$HOME'];

test('a systemd unit kills the agent alone and keeps every argument one word', () => {
  const unit = systemdUnit({command, env: {BOXYARD_CONFIG_DIR: '/home/a b'}, isRoot: false});
  expect(unit).toContain('KillMode=process\n');
  expect(unit).toContain('ExecStart="/opt/node bin/node" /opt/boxyard/agent.js --name "50%%$$HOME"\n');
  expect(unit).toContain('Environment="BOXYARD_CONFIG_DIR=/home/a b"\n');
  expect(unit).toContain('WantedBy=default.target\n');
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
