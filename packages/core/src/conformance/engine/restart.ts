import assert from 'node:assert/strict';
import type {Box, Case, Engine, Lab} from '../../plugin-api/index.ts';
import {collect, eventually, must, runToEnd, seeText, sh, START} from './steps.ts';

const LINES = 150;
const BOXES = 3;
const whole = Array.from({length: LINES}, (_none, index) => `line ${index}\n`).join('');

/** The backend may have ended its boxes with itself. What counts is that nobody is told of success when bytes are missing. */
const checkEnd = async (box: Box, lab: Lab): Promise<void> => {
  const exit = await box.wait(lab.signal);
  const {stdout} = await collect(box.output(START, lab.signal));
  if ('code' in exit && exit.code === 0) return assert.equal(stdout.toString(), whole);
  assert.ok(whole.startsWith(stdout.toString()), 'the output of a box that was ended is the beginning of what it would have said');
};

const foundAgain = async (engine: Engine, name: string, lab: Lab): Promise<Box> => {
  let found: Box | undefined;
  const isFound = async () => (found = await engine.find(name, lab.signal).catch(() => undefined)) !== undefined;
  await eventually(`${name} is found again`, lab, isFound, 30_000);
  return must(found);
};

export const restartCases: readonly Case[] = [
  {
    name: 'a restart of the backend under load loses no box: its end is told, and success only with every byte',
    needs: [],
    asks: ['restart'],
    isAlone: true,
    run: async (engine, lab) => {
      const script = `i=0; while [ $i -lt ${LINES} ]; do echo "line $i"; i=$((i+1)); sleep 0.02; done`;
      const specs = Array.from({length: BOXES}, () => lab.spec({main: sh(script)}));
      const boxes = await Promise.all(specs.map(spec => engine.create(spec, lab.signal)));
      await Promise.all(
        boxes.map(async box => {
          await box.start(undefined, lab.signal);
          await seeText(box.output(START, lab.signal), 'line 5\n');
        }),
      );
      await must(lab.restart)();
      const other = await lab.reopen();
      await Promise.all(specs.map(async ({name}) => checkEnd(await foundAgain(other, name, lab), lab)));
      const {stdout} = await runToEnd(engine, lab, {main: sh('echo again')});
      assert.equal(stdout.toString(), 'again\n', 'the first instance works on');
    },
  },
];
