import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {startChild} from '../child.ts';
import {freePort, type Lab} from '../lab.ts';

/** What people use today: a shell on the other machine. An sshd of the bench's own on a loopback port, with keys made for this run. */
export interface SshLoopback {
  readonly url: string;
  /** `ssh` that finds the port, the key and the host by itself. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A command line on the other side. */
  argv(command: string): [string, ...string[]];
}

const sshd = '/usr/sbin/sshd';
export const missingSsh = (): string | undefined => (existsSync(sshd) ? undefined : 'no sshd (apt-get install openssh-server)');

export async function startSsh(lab: Lab): Promise<SshLoopback> {
  const at = (name: string) => join(lab.dir, name);
  const port = await freePort();
  for (const key of ['host-key', 'user-key']) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)], {stdio: 'ignore'});
  const authorized = at('user-key.pub');
  mkdirSync('/run/sshd', {recursive: true, mode: 0o755});
  const carried = ['CONTAINERS_CONF', 'DOCKER_HOST', 'PATH'].flatMap(name => (lab.env[name] ? [`${name}=${lab.env[name]}`] : []));
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${at('host-key')}\nAuthorizedKeysFile ${authorized}\nPidFile none`,
      'StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nUsePAM no\nMaxStartups 100',
      `SetEnv ${carried.join(' ')}`,
    ].join('\n') + '\n',
  );
  const config = at('ssh_config');
  const {username} = (await import('node:os')).userInfo();
  writeFileSync(
    config,
    [
      `Host *\n  Port ${port}\n  User ${username}\n  IdentityFile ${at('user-key')}\n  IdentitiesOnly yes`,
      `  UserKnownHostsFile ${at('known_hosts')}\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR`,
    ].join('\n') + '\n',
  );
  await startChild(lab, {argv: [sshd, '-D', '-e', '-f', at('sshd_config')]}, /Server listening/);
  return {url: `ssh://${username}@127.0.0.1:${port}`, env: withSshInFront(lab, config), argv: command => ['ssh', '127.0.0.1', command]};
}

/** `docker -H ssh://…` calls whatever `ssh` is first in PATH: one that reads the config above. */
function withSshInFront(lab: Lab, config: string): Record<string, string | undefined> {
  const bin = join(lab.dir, 'ssh-bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F '${config}' "$@"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  return {...lab.env, PATH: `${bin}:${lab.env['PATH'] ?? ''}`};
}
