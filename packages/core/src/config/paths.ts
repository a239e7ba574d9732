import {homedir, tmpdir, userInfo} from 'node:os';
import {join} from 'node:path';

/** Where Boxyard keeps things (XDG). Directories are made 0700 and files 0600 by whoever writes them. */
export interface Paths {
  readonly config: string;
  readonly data: string;
  readonly state: string;
  readonly cache: string;
  readonly runtime: string;
}

/** `env` is the process's environment, handed in by the composition file. `BOXYARD_<X>_DIR` wins over XDG. */
export function paths(env: Readonly<Record<string, string | undefined>>): Paths {
  // Where HOME is set to nothing, `homedir` says nothing too.
  const home = env['HOME'] || homedir() || userInfo().homedir;
  const at = (own: string, xdg: string, fallback: string) => env[own] || join(env[xdg] || join(home, fallback), 'boxyard');
  const runtimeBase = env['XDG_RUNTIME_DIR'] || join(tmpdir(), `boxyard-${userInfo().uid}`);
  return {
    config: at('BOXYARD_CONFIG_DIR', 'XDG_CONFIG_HOME', '.config'),
    data: at('BOXYARD_DATA_DIR', 'XDG_DATA_HOME', '.local/share'),
    state: at('BOXYARD_STATE_DIR', 'XDG_STATE_HOME', '.local/state'),
    cache: at('BOXYARD_CACHE_DIR', 'XDG_CACHE_HOME', '.cache'),
    runtime: env['BOXYARD_RUNTIME_DIR'] || join(runtimeBase, 'boxyard'),
  };
}

/** Files several programs must find; see each writer for the shape. */
export const files = (at: Paths) => ({
  /** `{server, token, fingerprint?}` of `boxyard login`. */
  credentials: join(at.config, 'credentials.json'),
  /** `{worker, tenant, credential, installation, url, fingerprint?}` of a joined worker. */
  worker: join(at.config, 'worker.json'),
  userConfig: join(at.config, 'config.yaml'),
  /** The owner token `boxyard up` made for the person on this machine; one line. */
  localToken: join(at.config, 'local-token'),
  /** `{pid, serverPid, agentPid, url, tokenFile, startedAt}` while `boxyard up` runs. */
  up: join(at.state, 'up.json'),
  serverLog: join(at.state, 'server.log'),
  agentLog: join(at.state, 'agent.log'),
  upLog: join(at.state, 'up.log'),
  serverData: join(at.data, 'server'),
  blobs: join(at.data, 'server', 'blobs'),
  redis: join(at.data, 'server', 'redis'),
  agentData: join(at.data, 'agent'),
});
