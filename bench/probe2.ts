import {openLab} from './lab.ts';
import {startUp, unusableEngine} from './product/boxyard.ts';
import {rawEngine, image} from './baselines/engine-socket.ts';
import {createDevBox, removeDevBox} from './product/devbox.ts';
const lab = openLab({
  runs: 5,
  env: {...process.env, ...(process.argv[2] ? {NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${process.argv[2]}`} : {})},
  say: console.error,
});
process.once('SIGTERM', () => void lab.release().then(() => process.exit(1)));
try {
  const {client} = await startUp(lab);
  for (const name of ['docker', 'podman'] as const) {
    await unusableEngine(client, name);
    const e = await rawEngine(lab, name);
    if ('missing' in e) continue;
    for (let i = 0; i < 4; i++) {
      const t0 = performance.now();
      const c = await e.createAndStart();
      const raw = performance.now() - t0;
      await e.remove(c);
      const events: any[] = [];
      const t1 = Date.now();
      const p1 = performance.now();
      const n = await createDevBox(lab, client, {engine: name, image});
      const ours = performance.now() - p1;
      const {items} = await client.ask<any>('GET', '/v1/jobs?kind=devbox.create&limit=1');
      const j = items[0];
      console.log(
        name,
        'raw',
        raw.toFixed(0),
        'ours',
        ours.toFixed(0),
        j.phases.map((p: any) => `${p.name} @${p.startedAt - t1} +${p.endedAt - p.startedAt}`).join(' | '),
        'running@',
        Date.parse(j.startedAt) - t1,
        'ended@',
        Date.parse(j.endedAt) - t1,
      );
      if (i === 3)
        for (let k = 0; k < 4; k++) {
          const box = await e.hold();
          const r0 = performance.now();
          await e.exec(box, ['echo', 'hi']);
          const rr = performance.now() - r0;
          const x0 = Date.now(),
            q0 = performance.now();
          const {id} = await client.ask<any>('POST', `/v1/devboxes/${n}/exec`, {command: ['echo', 'hi']});
          const post = performance.now() - q0;
          await client.attach(id);
          const all = performance.now() - q0;
          const v = await client.ask<any>('GET', '/v1/jobs/' + id);
          console.log(
            'exec raw',
            rr.toFixed(0),
            'ours',
            all.toFixed(0),
            'post',
            post.toFixed(0),
            v.phases.map((p: any) => `${p.name} @${p.startedAt - x0} +${p.endedAt - p.startedAt}`).join(' | '),
            'running@',
            Date.parse(v.startedAt) - x0,
            'ended@',
            Date.parse(v.endedAt) - x0,
          );
          await e.remove(box);
        }
      await removeDevBox(client, n);
    }
  }
} catch (e) {
  console.log(e);
} finally {
  await lab.release();
}
process.exit(0);
