import {mkdtemp, rm, symlink} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import type {BoxSpec} from '@boxyard/core/plugin-api';
import {createHost} from '@boxyard/core/plugin-host';
import {refuseElsewhere} from '../../src/engines/docker-api/bind-source.ts';
import {createBody} from '../../src/engines/docker-api/box-spec.ts';
import type {Dialect} from '../../src/engines/docker-api/api.ts';
import {parseEndpoint} from '../../src/engines/docker-api/endpoint.ts';

const host = createHost('docker', '/nowhere', () => undefined);
const dialect: Dialect = {
  name: 'docker',
  log: {Type: 'local', Config: {}},
  logFormat: 'stream',
  wait: 'engine',
  resize: 'sure',
  scratch: [],
};
const plain: BoxSpec = {
  name: 'a-1',
  image: 'localhost/base:test',
  labels: {},
  env: {},
  stdin: false,
  limits: {},
  mounts: [],
  ports: [],
  readOnlyRoot: false,
};
const bodyOf = (change: Partial<BoxSpec>) => createBody({...plain, ...change}, dialect, host);
const bind = (source: string): Partial<BoxSpec> => ({mounts: [{kind: 'bind', source, target: '/x', readOnly: true}]});

describe('what reaches the engine', () => {
  it('is only what the spec has a field for', async () => {
    const smuggled = {HostConfig: {Privileged: true}, Privileged: true, VolumesFrom: ['x'], Binds: ['/:/x']} as object;
    const {HostConfig: config} = await bodyOf(smuggled);
    expect(config).not.toHaveProperty('Privileged');
    expect(config).not.toHaveProperty('VolumesFrom');
    expect(config).not.toHaveProperty('Binds');
  });

  it('limits memory with its swap, drops what each level of privileges drops', async () => {
    const {HostConfig: config} = await bodyOf({limits: {memoryBytes: 1_000_000, cpus: 1.5, pids: 9}, privileges: 'usual'});
    expect(config).toMatchObject({Memory: 1_000_000, MemorySwap: 1_000_000, NanoCpus: 1_500_000_000, PidsLimit: 9});
    expect(config).toMatchObject({CapDrop: ['NET_RAW', 'MKNOD'], SecurityOpt: ['no-new-privileges']});
    expect((await bodyOf({privileges: 'least'})).HostConfig).toMatchObject({CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges']});
  });

  it.each(['A-B', '1A', '', 'A B', 'A=B'])('refuses %j as the name of a variable', async name => {
    await expect(bodyOf({env: {[name]: 'x'}})).rejects.toMatchObject({fault: 'invalid'});
  });

  it('refuses a gateway it cannot make', async () => {
    await expect(bodyOf({network: {gateway: 'g'}})).rejects.toMatchObject({fault: 'unsupported'});
  });
});

describe('a mount of the machine itself', () => {
  it.each(['/', '/proc', '/sys/kernel', '/dev', '/run', '/var/run', '/run/../run', '/etc', '/var', '/var/lib'])(
    '%s is refused',
    async source => {
      await expect(bodyOf(bind(source))).rejects.toMatchObject({fault: 'invalid'});
    },
  );

  it('is refused behind a link too', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'boxyard-bind-'));
    try {
      await symlink('/run', path.join(dir, 'innocent'));
      await expect(bodyOf(bind(path.join(dir, 'innocent')))).rejects.toMatchObject({fault: 'invalid'});
      await expect(bodyOf(bind(dir))).resolves.toMatchObject({HostConfig: {Mounts: [{Type: 'bind'}]}});
    } finally {
      await rm(dir, {recursive: true});
    }
  });

  it('is refused where the engine may be on another one', () => {
    expect(() => refuseElsewhere(parseEndpoint('tcp://build.example:2375'), host)).toThrow('build.example:2375');
    for (const here of ['unix:///var/run/docker.sock', '/run/podman/podman.sock', 'tcp://127.0.0.1:2375', 'tcp://[::1]:2375'])
      expect(() => refuseElsewhere(parseEndpoint(here), host)).not.toThrow();
  });

  it('is refused as a relative path', async () => {
    await expect(bodyOf(bind('var'))).rejects.toMatchObject({fault: 'invalid'});
  });
});
