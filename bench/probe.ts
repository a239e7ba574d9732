import {openLab} from './lab.ts';
import {startRedis} from './baselines/redis.ts';
import {startScripted, scriptedJob} from './product/scripted.ts';
import {usage} from './child.ts';
import {processesOf} from './figures/idle-worker.ts';
const prof = process.argv[3];
const lab = openLab({
  runs: 5,
  env: {...process.env, ...(prof ? {NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${prof}`} : {})},
  say: console.error,
});
process.once('SIGTERM', () => void lab.release().then(() => process.exit(1)));
const mode = process.argv[2];
try {
  const redis = await startRedis(lab);
  const r = redis.connect();
  const rpid = Number(/process_id:(\d+)/.exec(await r.info('server'))![1]);
  const {client, env, agentPid} = await startScripted(lab, redis, {slots: 50});
  const waits = new Map<string, () => void>();
  const times = new Map<string, Record<string, number>>();
  await client.events(e => {
    const id = e.subject.slice(5);
    const t = times.get(id) ?? {};
    times.set(id, t);
    t[e.type] = performance.now();
    if (e.type === 'job.ended') waits.get(id)?.();
  });
  const one = async () => {
    const t0 = performance.now();
    const j = await client.ask<any>('POST', '/v1/jobs', scriptedJob());
    const acc = performance.now();
    if (!times.get(j.id)?.['job.ended'])
      await new Promise<void>((res, rej) => {
        waits.set(j.id, res);
        setTimeout(() => rej(new Error('no end ' + j.id)), 20000);
      });
    const t = times.get(j.id)!;
    return {post: acc - t0, ...Object.fromEntries(Object.entries(t).map(([k, v]) => [k, v - t0]))};
  };
  for (let i = 0; i < 20; i++) await one();
  const home = (env as any).HOME as string;
  const all = [...processesOf(home), ...processesOf(home.replace(/home$/, 'worker-home'))];
  const {readFileSync} = await import('node:fs');
  const name = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline','utf8`.replace("','utf8", ''), 'utf8').replaceAll('\0', ' ').slice(0, 110);
  const before = new Map([...all.map(p => p.pid), rpid, process.pid].map(p => [p, usage(p).cpuMs]));
  const {commandCalls} = await import('./baselines/redis.ts');
  const c0 = await commandCalls(r);
  const start = performance.now();
  let n = 0;
  if (mode === 'one') {
    const rows: any[] = [];
    n = 200;
    for (let i = 0; i < n; i++) rows.push(await one());
    const med = (k: string) => {
      const v = rows
        .map(r => r[k])
        .filter(x => x !== undefined)
        .sort((a, b) => a - b);
      return v[v.length >> 1]?.toFixed(2);
    };
    console.log(Object.fromEntries(['post', 'job.accepted', 'job.sent', 'job.updated', 'job.running', 'job.ended'].map(k => [k, med(k)])));
  } else {
    n = Number(mode);
    const j = await client.ask<any>('POST', '/v1/jobs', {...scriptedJob(), fanOut: {copies: n}});
    console.log('accepted', performance.now() - start);
    for (;;) {
      const v = await client.ask<any>('GET', '/v1/jobs/' + j.id);
      if (v.state === 'ended') {
        console.log(v.children);
        break;
      }
      await new Promise(r => setTimeout(r, 20));
      if (performance.now() - start > 120000) {
        console.log(v);
        break;
      }
    }
  }
  const c1 = await commandCalls(r);
  console.log(
    [...c1]
      .map(([k, v]) => [k, (v.calls - (c0.get(k)?.calls ?? 0)) / n, (v.microseconds - (c0.get(k)?.microseconds ?? 0)) / n] as const)
      .filter(x => x[1] > 0.02)
      .sort((a, b) => b[1] - a[1])
      .map(([k, c, u]) => `${k} ${c.toFixed(2)} ${u.toFixed(0)}us`)
      .join(', '),
  );
  const ms = performance.now() - start;
  console.log('jobs/s', (n / ms) * 1000, 'ms/job', ms / n);
  for (const [p, b] of before)
    try {
      console.log(((usage(p).cpuMs - b) / n).toFixed(3), 'cpu ms/job', p, name(p));
    } catch {}
} catch (e) {
  console.log(e);
} finally {
  await lab.release();
}
process.exit(0);
