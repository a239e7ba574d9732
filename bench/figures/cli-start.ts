import {timeProgram} from '../child.ts';
import type {Figure} from '../figure.ts';
import {interleave} from '../measure.ts';
import {startUp} from '../product/boxyard.ts';

export const cliStart: Figure = {
  id: 'P11',
  title: 'CLI start',
  async measure(lab) {
    const boxyard = await startUp(lab);
    const node = () => timeProgram({argv: [process.execPath, '-e', '0']});
    const version = await interleave({product: () => boxyard.type('--version'), baseline: node}, {runs: lab.runs * 2});
    const list = await interleave({product: () => boxyard.type('devboxes', 'list'), baseline: node}, {runs: lab.runs * 2});
    return [
      {figure: 'P11', case: '--version', unit: 'ms', ...version, budget: {of: 'ratio', most: 4}},
      {figure: 'P11', case: 'devboxes list', unit: 'ms', ...list, budget: {of: 'ratio', most: 8}},
    ];
  },
};
