import type {Duplex} from 'node:stream';
import {image} from '../baselines/engine-socket.ts';
import {interleave, medianOf} from '../measure.ts';
import {onEngines} from '../on-engines.ts';
import {createDevBox} from '../product/devbox.ts';
import {openTerminal, type Keys} from '../product/terminal.ts';

/** Every key goes to the program, which sends it back. */
const echo = ['sh', '-c', 'stty raw -echo; echo ready; exec cat'];
const keys = 200;

export const terminalEcho = onEngines({
  id: 'P5',
  title: 'keystroke and its echo, through client, server, agent and session host',
  unit: 'ms',
  budget: {of: 'difference', most: 3},
  async measure({lab, boxyard, name, engine}) {
    const raw = keysOf(await engine.terminal(await engine.hold(), echo));
    const own = await openTerminal(lab, boxyard, await createDevBox(lab, boxyard.client, {engine: name, image}), echo);
    for (const side of [raw, own]) await press(side, 'first');
    const medians = await interleave(
      {baseline: medianOf(keys, () => press(raw, 'x')), product: medianOf(keys, () => press(own, 'x'))},
      {runs: lab.runs},
    );
    return medians;
  },
});

export const keysOf = (stream: Duplex): Keys => {
  let onBytes: (bytes: Uint8Array) => void = () => {};
  stream.on('data', (bytes: Uint8Array) => onBytes(bytes));
  return {type: text => void stream.write(text), listen: next => void (onBytes = next)};
};

/** Resolves when what was typed has come back. */
function press(keyboard: Keys, text: string): Promise<void> {
  return new Promise(resolve => {
    let seen = '';
    keyboard.listen(bytes => {
      seen += Buffer.from(bytes).toString();
      if (seen.includes(text)) resolve();
    });
    keyboard.type(text);
  });
}
