import {execFile} from 'node:child_process';
import type {Api} from './api.ts';

const CHAIN = 'NETAVARK_ISOLATION_1';
const RULE = ['FORWARD', '-m', 'comment', '--comment', 'boxyard: tenants stay apart', '-j', CHAIN];
const WAIT_MS = 10_000;

/** One after the other per connection: two at once would both find it missing. */
const looking = new WeakMap<Api, Promise<void>>();

/**
 * netavark with iptables makes its rule that keeps isolated networks apart when a box starts, and takes it away with the last box of
 * any of them, for all of them (seen with 1.4; `TeardownPolicy::OnComplete` in its `varktables/types.rs`). Ours leads to the same
 * chain and stays, for it takes away only what reads exactly as its own. Called after a start, when the chain is there; one `iptables`
 * of 12 ms. Where netavark uses nftables, or podman is another machine's, there is no such chain here and nothing to do.
 */
export const keepApart = (api: Api): Promise<void> => {
  if (api.dialect.name !== 'podman' || process.getuid?.() !== 0 || !('socketPath' in api.endpoint)) return Promise.resolve();
  const look = (looking.get(api) ?? Promise.resolve()).then(() => ensureRule(api));
  looking.set(api, look);
  return look;
};

const ensureRule = async (api: Api): Promise<void> => {
  if ((await iptables('-C', ...RULE)) === undefined) return;
  const refusal = await iptables('-I', ...RULE);
  if (refusal === undefined || refusal.includes(CHAIN) || refusal.includes('ENOENT')) return;
  api.host.log('warn', 'boxes may not be kept apart: a firewall rule cannot be made', {error: refusal});
};

/** What it said, where it did not do it. */
const iptables = (...args: string[]): Promise<string | undefined> =>
  new Promise(resolve =>
    execFile('iptables', ['-w', '5', ...args], {timeout: WAIT_MS}, (error, _, stderr) =>
      resolve(error === null ? undefined : `${error.message} ${stderr}`),
    ),
  );
