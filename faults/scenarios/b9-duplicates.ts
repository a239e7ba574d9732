import {readFileSync} from 'node:fs';
import type {WorkerView} from '@boxyard/core/api';
import {files, paths} from '@boxyard/core/config';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor, waitUntil} from '../lab/wait-for.ts';
import {Worker} from '../lab/worker.ts';
import {joinAs, ScriptedAgent} from '../lab/scripted-agent.ts';
import {cloneAgent} from '../primitives/agent-clone.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

/** A copied state directory started as a second agent: the first is obeyed, the second is told why not and keeps asking. */
async function clone(): Promise<Told> {
  await using lab = await Lab.open();
  const original = lab.workers[0]!;
  const {id} = await lab.submit({key: 'one', lines: 100, rate: 10, exit: 3});
  await lab.running(id);
  const twin = lab.own(cloneAgent(original.program, original.dir, `${lab.root}/twin`));
  twin.start();
  await waitFor(() => /duplicate|4409|another/i.test(twin.log), {
    within: 20_000,
    what: `the clone is told that it is one; it says: ${twin.log.slice(-500)}`,
  });
  expectThat(twin.isRunning, 'the clone ended for good');
  await lab.submit({key: 'two', lines: 20, rate: 10});
  await mustHold(lab);
  return {jobs: 2};
}

/**
 * A credential that was stolen and is used from another machine: refused while its worker is there, which the owner is told; let in
 * when it is not, and then the one that is not obeyed is told so. No job runs twice by it, and an end to it is one command.
 */
async function stolen(): Promise<Told> {
  await using lab = await Lab.open();
  const owner = lab.workers[0]!;
  const {id} = await lab.submit({key: 'one', lines: 150, rate: 10, exit: 3});
  await lab.running(id);
  const identity = JSON.parse(readFileSync(files(paths(owner.env)).worker, 'utf8')) as Record<string, string>;
  const thief = lab.own(Worker.as(identity, {name: 'thief', dir: lab.makeDir('thief'), env: lab.scale}));
  thief.start();
  await waitFor(() => /4409|duplicate/i.test(thief.program.log), {within: 20_000, what: 'the thief is refused'});
  const seen = () => lab.api.must<WorkerView>('GET', `/v1/workers/${owner.id}`);
  const told = await waitUntil(seen, view => view.duplicate !== undefined, {within: 5_000, what: 'the owner is told'});
  expectEqual(told.duplicate?.isOtherMachine, true, 'from another machine');
  const facts = () => lab.record.events.filter(event => event.type === 'worker.duplicate').length;
  await waitFor(() => facts() > 0, {within: 5_000, what: 'an event says so'});
  await lab.submit({key: 'two', lines: 20, rate: 10});
  await lab.ended(lab.accepted[1]!.id);
  await owner.program.kill();
  await waitFor(() => thief.program.log.includes('connected'), {within: 60_000, what: 'the thief is let in where nobody is'});
  const before = owner.program.log.length;
  owner.start();
  await waitFor(() => /4409|duplicate/i.test(owner.program.log.slice(before)), {
    within: 20_000,
    what: 'its owner is told that another is there',
  });
  await thief.program.killGroup();
  await lab.ended(id, 60_000);
  await mustHold(lab);
  await lab.api.must('DELETE', `/v1/workers/${owner.id}`);
  const after = thief.program.log.length;
  thief.start();
  await waitFor(() => /removed|WORKER_FORBIDDEN|UNAUTHENTICATED/.test(thief.program.log.slice(after)), {
    within: 20_000,
    what: 'a removed worker’s credential is refused',
  });
  return {jobs: 2};
}

/** Twenty processes with one identity: never two that are obeyed. */
async function twenty(): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  await using parts = new AsyncDisposableStack();
  const identity = await joinAs(lab.api, 'many');
  const first = parts.use(new ScriptedAgent({identity, process: 'p0'}));
  first.register(await first.connect());
  const others = await Promise.all(
    Array.from({length: 19}, async (_, i) => {
      const agent = parts.use(new ScriptedAgent({identity, process: `p${i + 1}`, machine: `machine-${i}`}));
      return agent.connect().then(
        hello => ({agent, hello}),
        () => undefined,
      );
    }),
  );
  await delayFor(1_500);
  const open = [{agent: first}, ...others.filter(other => other !== undefined)].filter(({agent}) => agent.closes.length === 0);
  expectEqual(open.length, 1, 'agents of one identity that are connected');
  return {jobs: 0, figures: {refused: others.filter(other => other === undefined).length}};
}

/** A connection whose other end is gone without a word gives way to the agent's next process. */
async function halfOpen(): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  await using parts = new AsyncDisposableStack();
  const identity = await joinAs(lab.api, 'half');
  const dead = parts.use(new ScriptedAgent({identity, process: 'old'}));
  dead.register(await dead.connect());
  dead.isDeaf = true;
  const before = Date.now();
  const next = parts.use(new ScriptedAgent({identity, process: 'new'}));
  const hello = await waitFor(() => next.connect().catch(() => undefined), {
    within: 20_000,
    every: 300,
    what: 'the new process takes over',
  });
  expectThat(hello.epoch > dead.all('hello')[0]!.epoch, 'the newer connection has no higher epoch');
  return {jobs: 0, figures: {'taken over in, ms': Date.now() - before}};
}

export const b9: readonly Scenario[] = [
  {name: 'B9 a cloned agent', fault: 'F16', invariants: 'I1–I3 I5 I6 I8', isShort: true, run: clone},
  {name: 'B9 a stolen credential', fault: 'F16 with a state directory of its own', invariants: 'I1–I3 I5 I6 I8', run: stolen},
  {name: 'B9 twenty processes of one identity', fault: 'F16 ×20', invariants: 'one is obeyed', isShort: true, run: twenty},
  {name: 'B9 half-open old connection', fault: 'a peer that is gone without a word', invariants: 'take-over', isShort: true, run: halfOpen},
];
