import {image} from '../baselines/engine-socket.ts';
import {interleave, timed} from '../measure.ts';
import {onEngines} from '../on-engines.ts';
import {createDevBox} from '../product/devbox.ts';
import {openTerminal, type Keys} from '../product/terminal.ts';
import {keysOf} from './terminal-echo.ts';

const lines = 200_000;
const line = 'Some words of a log that is neither short nor long, with a number: 0123456789.';
/** Writes when a key is pressed, as often as one is. */
const flood = ['sh', '-c', `stty -echo; while read go; do yes "${line}" | head -n ${lines}; printf '\\nthe-%s\\n' end; done`];

export const terminalBulk = onEngines({
  id: 'P6',
  title: 'bulk output of a program at a terminal, as it arrives at the client',
  unit: 'MB/s',
  budget: {of: 'ratio', least: 0.8},
  async measure({lab, boxyard, name, engine}) {
    const raw = keysOf(await engine.terminal(await engine.hold(), flood));
    const own = await openTerminal(lab, boxyard, await createDevBox(lab, boxyard.client, {engine: name, image}), flood);
    return await interleave({baseline: rate(raw), product: rate(own)}, {runs: 5, warmUp: 1});
  },
});

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
