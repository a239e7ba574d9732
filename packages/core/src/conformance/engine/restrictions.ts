import assert from 'node:assert/strict';
import type {BoxSpec, Case, Engine, Lab, Restriction} from '../../plugin-api/index.ts';
import {runToEnd, sh, type Ran} from './steps.ts';

/** Each claimed restriction is tested by trying to break it; an engine that does not claim one must refuse its field. */
interface Attempt {
  readonly restriction: Restriction;
  readonly change: Partial<BoxSpec>;
  readonly holds: (ran: Ran) => void;
}

const MIB = 2 ** 20;

const attempts: readonly Attempt[] = [
  {
    restriction: 'memory',
    change: {limits: {memoryBytes: 48 * MIB}, main: sh('head -c 200000000 /dev/zero | tail -c 190000000 | wc -c')},
    holds: ({stdout}) => assert.notEqual(stdout.toString().trim(), '190000000'),
  },
  {
    restriction: 'pids',
    change: {limits: {pids: 24}, main: sh('i=0; while [ $i -lt 100 ]; do sleep 3 & i=$((i+1)); done; ls -d /proc/[0-9]* | wc -l')},
    holds: ({stdout}) => assert.ok(Number(stdout.toString().trim() || 0) <= 30, stdout.toString()),
  },
  {
    restriction: 'cpus',
    change: {
      limits: {cpus: 0.2},
      main: sh('end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do :; done; cat /proc/uptime >/dev/null; times'),
    },
    holds: ({exit}) => assert.deepEqual(exit, {code: 0}),
  },
  {
    restriction: 'network',
    change: {network: 'none', main: sh('tail -n +3 /proc/net/dev | grep -v "^ *lo:" | wc -l')},
    holds: ({stdout}) => assert.equal(stdout.toString().trim(), '0'),
  },
  {
    restriction: 'filesystem',
    change: {
      readOnlyRoot: true,
      mounts: [{kind: 'tmpfs', target: '/scratch', bytes: MIB, readOnly: false}],
      main: sh(
        'touch /written 2>/dev/null && echo broken; touch /scratch/x && echo scratch; head -c 3000000 /dev/zero >/scratch/big 2>/dev/null && echo too-big',
      ),
    },
    holds: ({stdout}) => assert.equal(stdout.toString(), 'scratch\n'),
  },
  {
    restriction: 'privileges',
    change: {
      privileges: 'least',
      main: sh('grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; mknod /tmp/d c 1 3 2>/dev/null && echo broken'),
    },
    holds: ({stdout}) => assert.match(stdout.toString(), /^CapEff:\s+0+\nNoNewPrivs:\s+1\n$/),
  },
];

const tryOut = async (engine: Engine, lab: Lab, {restriction, change, holds}: Attempt): Promise<void> => {
  const probe = await engine.probe(lab.signal);
  assert.ok(probe.usable);
  if (probe.enforces.includes(restriction)) return holds(await runToEnd(engine, lab, change));
  await assert.rejects(engine.create(lab.spec(change), lab.signal), `what is not enforced (${restriction}) must be refused`);
};

const nameOf = (restriction: Restriction): string => `${restriction} is restricted as the probe says, or refused`;

export const restrictions: readonly Restriction[] = attempts.map(({restriction}) => restriction);
/** Which restriction a case is about. */
export const restrictionOf = (name: string): Restriction | undefined => restrictions.find(each => nameOf(each) === name);

export const restrictionCases: readonly Case[] = attempts.map(attempt => ({
  name: nameOf(attempt.restriction),
  needs: [],
  run: (engine: Engine, lab: Lab) => tryOut(engine, lab, attempt),
}));
