import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {must, run} from '../lab/run-command.ts';
import type {Fault} from './fault.ts';

/** A machine of its own as far as the network goes: a namespace on a bridge, reachable at `address`. */
export interface Machine {
  readonly namespace: string;
  readonly address: string;
}

/**
 * A bridge with one namespace per machine (10.77.x.0/24, x drawn at random so that several labs live beside each other). The
 * harness itself and everything in the machine's own network is at `gateway`. Disposing removes every trace.
 */
export class Network implements AsyncDisposable {
  readonly #tag = randomBytes(3).toString('hex');
  readonly #subnet: string;
  readonly #namespaces: string[] = [];

  private constructor(subnet: string) {
    this.#subnet = subnet;
  }

  /** Why this machine cannot have namespaces; undefined where it can. */
  static async whyNot(): Promise<string | undefined> {
    if (process.getuid?.() !== 0) return 'network namespaces need root';
    for (const tool of ['ip', 'iptables', 'nsenter'])
      if ((await run(['sh', '-c', `command -v ${tool}`])).code !== 0) return `${tool} is not installed`;
    const probe = `bxp${randomBytes(3).toString('hex')}`;
    const made = await run(['ip', 'netns', 'add', probe]);
    await run(['ip', 'netns', 'del', probe]);
    return made.code === 0 ? undefined : `ip netns add: ${made.stderr.trim()}`;
  }

  static async create(): Promise<Network> {
    const network = new Network(`10.77.${1 + (randomBytes(1)[0]! % 250)}`);
    await must(['ip', 'link', 'add', network.#bridge, 'type', 'bridge']);
    try {
      await must(['ip', 'addr', 'add', `${network.gateway}/24`, 'dev', network.#bridge]);
      await must(['ip', 'link', 'set', network.#bridge, 'up']);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  get #bridge(): string {
    return `bx${this.#tag}`;
  }

  get gateway(): string {
    return `${this.#subnet}.1`;
  }

  async addMachine(name: string): Promise<Machine> {
    const namespace = `bx${this.#tag}-${name}`;
    const inside = `e${this.#tag}${this.#namespaces.length}`;
    const outside = `v${this.#tag}${this.#namespaces.length}`;
    const address = `${this.#subnet}.${10 + this.#namespaces.length}`;
    await must(['ip', 'netns', 'add', namespace]);
    this.#namespaces.push(namespace);
    await must(['ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside]);
    await must(['ip', 'link', 'set', inside, 'netns', namespace]);
    await must(['ip', 'link', 'set', outside, 'master', this.#bridge, 'up']);
    await must(['ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', inside]);
    await must(['ip', '-n', namespace, 'link', 'set', inside, 'up']);
    await must(['ip', '-n', namespace, 'link', 'set', 'lo', 'up']);
    return {namespace, address};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces.splice(0)) await run(['ip', 'netns', 'del', namespace]);
    if (existsSync(`/sys/class/net/${this.#bridge}`)) await run(['ip', 'link', 'del', this.#bridge]);
  }
}

type Direction = 'both' | 'cannot-speak' | 'cannot-hear';

/** F1 (`both`) and F2: packets of the machine vanish without a word. Loopback inside it goes on. */
export const partition = (machine: Machine, direction: Direction = 'both'): Fault =>
  firewall(`F${direction === 'both' ? 1 : 2} partition (${direction})`, machine, [
    ...(direction === 'cannot-hear' ? [] : [['OUTPUT', '!', '-o', 'lo', '-j', 'DROP']]),
    ...(direction === 'cannot-speak' ? [] : [['INPUT', '!', '-i', 'lo', '-j', 'DROP']]),
  ]);

/** F3: every TCP segment is answered with a reset. */
export const hardReset = (machine: Machine): Fault =>
  firewall('F3 hard reset', machine, [
    ['OUTPUT', '!', '-o', 'lo', '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset'],
    ['INPUT', '!', '-i', 'lo', '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset'],
  ]);

function firewall(name: string, machine: Machine, rules: readonly (readonly string[])[]): Fault {
  const inside = (...argv: readonly string[]) => ['nsenter', `--net=/run/netns/${machine.namespace}`, 'iptables', '-w', ...argv];
  return {
    name,
    async inject() {
      for (const rule of rules) await must(inside('-I', ...rule));
    },
    async heal() {
      await run(inside('-F', 'OUTPUT'));
      await run(inside('-F', 'INPUT'));
    },
  };
}
