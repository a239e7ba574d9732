import {chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {jobHome, makeRoot, processesOf, projectRoot, sweep} from './directories.ts';
import {HostLedger} from './host-ledger.ts';
import {ledgerStart} from './job-start.ts';
import {ScriptedServer} from './scripted-server.ts';
import {waitFor} from './wait-for.ts';
import {Worker} from './worker.ts';
import type {LedgerPlan} from '../ledger/expected.ts';

/** A real agent under a scripted server: for promises that the agent alone must keep. */
export class AgentBench implements AsyncDisposable {
  readonly root = makeRoot();
  readonly ledger = new HostLedger(join(this.root, 'ledger'));
  readonly #parts = new AsyncDisposableStack();
  readonly #jobs: string[] = [];
  readonly #onExit = () => processesOf(this.root).forEach(({pid}) => process.kill(pid, 'SIGKILL'));
  server!: ScriptedServer;
  worker!: Worker;

  static async open(env: Readonly<Record<string, string>> = {}, engines: readonly string[] = ['process']): Promise<AgentBench> {
    const bench = new AgentBench();
    process.once('exit', bench.#onExit);
    try {
      copyFileSync(join(projectRoot, 'faults/ledger/ledger.sh'), join(bench.root, 'ledger.sh'));
      chmodSync(join(bench.root, 'ledger.sh'), 0o755);
      bench.server = bench.#parts.use(await ScriptedServer.listen());
      const dir = join(bench.root, 'a');
      mkdirSync(dir, {mode: 0o700});
      const options = {name: 'scripted', dir, engines, env: {BOXYARD_TIME_SCALE: '0.1', ...env}};
      bench.worker = bench.#parts.use(Worker.as(bench.server.identity, options));
      bench.worker.start();
      await bench.server.wait('worker.journal');
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  dispatch(plan: LedgerPlan, attempt?: {number: number; id: string}): ReturnType<typeof ledgerStart> {
    const script = join(this.root, 'ledger.sh');
    const start = ledgerStart(this.server, {plan, script, mark: this.ledger.dir, ...(attempt ? {attempt} : {})});
    this.#jobs.push(start.job);
    return start;
  }

  /** Every result is stored now, so the agent has no reason to keep anything of a job. Rejects where something is left (I6). */
  async clear(): Promise<void> {
    for (const {job, attempt} of this.server.all('job.result')) this.server.send({type: 'job.stored', job, attempt});
    const folders = () => (existsSync(jobHome) ? readdirSync(jobHome) : []).filter(name => this.#jobs.some(job => name.includes(job)));
    await waitFor(() => folders().length === 0, {within: 15_000, what: 'the agent leaves nothing behind'});
  }

  starts(key: string): number {
    return [...this.ledger.starts(key).values()].reduce((sum, n) => sum + n, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#onExit);
    try {
      await this.#parts.disposeAsync();
    } finally {
      await sweep(this.root);
    }
  }
}
