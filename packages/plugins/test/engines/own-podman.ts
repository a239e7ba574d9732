import {access, readFile} from 'node:fs/promises';
import path from 'node:path';
import {createHost} from '@boxyard/core/plugin-host';
import {createConnector, type Connector} from '../../src/engines/docker-api/connector.ts';
import {launchService, privateSocket} from '../../src/engines/podman/service.ts';

/** A podman service of the test's own, in its state folder and with these variables; ended by its pid. */
export const ownPodman = (stateDir: string, extra: NodeJS.ProcessEnv = {}): Connector => {
  const host = createHost('podman', stateDir, () => undefined);
  const endpoint = {socketPath: privateSocket(stateDir)};
  const {CONTAINERS_CONF: _conf, ...rest} = process.env;
  const env = {...rest, ...extra};
  return createConnector({
    dialect: {name: 'podman', log: {Type: 'k8s-file', Config: {}}, logFormat: 'k8s-file', wait: 'process', resize: 'unsure', scratch: []},
    host,
    endpoints: () => [endpoint],
    explain: (_tried, code) => ({why: String(code)}),
    launch: connectTo => launchService({config: {start: true}, host, env, name: 'service', endpoint, fit: {isKnown: false}}, connectTo),
  });
};

export const servicePid = async (stateDir: string): Promise<number> =>
  Number(await readFile(path.join(stateDir, 'service.pid'), 'utf8').catch(() => '0'));

export async function findPodman(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const place = path.join(folder, 'podman');
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}
