import {image, rawEngine, type EngineName} from '../baselines/engine-socket.ts';
import type {Figure, Row} from '../figure.ts';
import type {Lab} from '../lab.ts';
import {interleave, timed} from '../measure.ts';
import {startUp, unusableEngine, type Boxyard} from '../product/boxyard.ts';
import {createDevBox} from '../product/devbox.ts';
import {openTerminal, type Keys} from '../product/terminal.ts';
import {keysOf} from './terminal-echo.ts';

const lines = 200_000;
const line = 'Some words of a log that is neither short nor long, with a number: 0123456789.';
/** Writes when a key is pressed, as often as one is. */
const flood = ['sh', '-c', `stty -echo; while read go; do yes "${line}" | head -n ${lines}; printf '\\nthe-%s\\n' end; done`];

export const terminalBulk: Figure = {
  id: 'P6',
  title: 'bulk output of a program at a terminal, as it arrives at the client',
  async measure(lab) {
    const boxyard = await startUp(lab);
    const rows: Row[] = [];
    for (const name of ['docker', 'podman'] as const) rows.push(await onEngine(lab, boxyard, name));
    return rows;
  },
};

async function onEngine(lab: Lab, boxyard: Boxyard, name: EngineName): Promise<Row> {
  const row = {figure: 'P6', case: name, unit: 'MB/s', budget: {of: 'ratio', least: 0.8}} as const;
  const engine = await rawEngine(lab, name);
  if ('missing' in engine) return {...row, skipped: engine.missing};
  const unusable = await unusableEngine(boxyard.client, name);
  if (unusable) return {...row, skipped: unusable};
  const raw = keysOf(await engine.terminal(await engine.hold(), flood));
  const own = await openTerminal(lab, boxyard, await createDevBox(lab, boxyard.client, {engine: name, image}), flood);
  return {...row, ...(await interleave({baseline: rate(raw), product: rate(own)}, {runs: 5, warmUp: 1}))};
}

/** Bytes that arrived, in MB a second; what a viewer was not sent because it fell behind does not count. */
const rate = (keyboard: Keys) => async (): Promise<number> => {
  let bytes = 0;
  const ms = await timed(
    () =>
      new Promise<void>(resolve => {
        let tail = '';
        keyboard.listen(part => {
          bytes += part.length;
          tail = (tail + Buffer.from(part).subarray(-64).toString('latin1')).slice(-64);
          if (tail.includes('the-end')) resolve();
        });
        keyboard.type('\r');
      }),
  );
  return bytes / 1_000 / ms;
};
