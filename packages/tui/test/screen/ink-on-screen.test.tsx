import {Box, render, Text, useWindowSize} from 'ink';
import {expect, test} from 'vitest';
import {idleStdin} from '../../src/screen/ink-stream.ts';
import {createTtyOut, type TtyOutOptions} from '../../src/screen/tty-out.ts';
import {openHarness} from './tui-harness.ts';

const App = ({rows}: {readonly rows: readonly string[]}) => {
  const size = useWindowSize();
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows}>
      {rows.slice(0, size.rows).map((row, index) => (
        <Text key={index} wrap="truncate">
          {row}
        </Text>
      ))}
    </Box>
  );
};
const rowsOf = (count: number, from = 0) =>
  Array.from({length: count}, (_, row) =>
    `\u001b[32m●\u001b[39m box-${row + from} ${String((row + from) * 7919).repeat(40)}`.slice(0, 190),
  );

function open(columns: number, rows: number, options: Partial<TtyOutOptions> = {}) {
  const harness = openHarness({columns, rows});
  const out = createTtyOut({stdout: harness.stdout, env: {}, colours: 'truecolor', ...options});
  const ink = render(<App rows={rowsOf(rows)} />, {
    stdout: out.ink,
    stdin: idleStdin(),
    alternateScreen: false,
    incrementalRendering: false,
    interactive: true,
    patchConsole: false,
    exitOnCtrlC: false,
    maxFps: 30,
  });
  return {
    harness,
    out,
    async shows(list: readonly string[]) {
      ink.rerender(<App rows={list} />);
      await ink.waitUntilRenderFlush();
      await out.flushed();
    },
    async [Symbol.asyncDispose]() {
      ink.unmount();
      await ink.waitUntilExit();
      out.close();
      harness[Symbol.dispose]();
    },
  };
}

test('bytes at 200×60: one cell, a page, all rows moved by one, and nothing', async () => {
  await using opened = open(200, 60);
  await opened.harness.shows('box-59');
  const rows = rowsOf(60);
  const cost = async (list: readonly string[]) => {
    opened.harness.forget();
    await opened.shows(list);
    return opened.harness.frames().join('').length;
  };
  expect(await cost(rows.with(5, rows[5]!.replace('●', '▲')))).toBeLessThan(60);
  expect(await cost(rowsOf(60, 1))).toBeLessThan(16_000);
  expect(await cost(['an empty page'])).toBeLessThan(2_000);
  expect(await cost(['an empty page'])).toBe(0);
  opened.harness.obeys();
});

test('sizes of a person pulling at the window end in a clean screen', async () => {
  await using opened = open(80, 24);
  await opened.harness.shows('box-23');
  for (let step = 0; step < 30; step += 1) {
    opened.harness.resize(80 + ((step * 37) % 120), 24 + ((step * 11) % 40));
    await new Promise(resolve => setTimeout(resolve, step % 3));
  }
  opened.harness.resize(100, 10);
  await opened.shows(rowsOf(10).map(row => row.slice(0, 90)));
  await opened.harness.shows(/^● box-9/m);
  const lines = await opened.harness.lines();
  expect(lines).toEqual(rowsOf(10).map(row => row.slice(0, 90).replaceAll(/\u001b\[\d+m/g, '')));
  opened.harness.obeys();
});

test('passed through, the screen is the same', async () => {
  await using opened = open(80, 24, {env: {BOXYARD_TUI_PASSTHROUGH: '1'}});
  await opened.harness.shows('box-23');
  opened.out.setOverlay('pane', {region: {left: 70, top: 2, columns: 4, rows: 1}, paint: canvas => void canvas.text(0, 0, 'PANE')});
  await opened.harness.shows('PANE');
  await opened.shows(['other']);
  const lines = await opened.harness.lines();
  expect(lines.slice(0, 2)).toEqual(['other', '']);
  expect(lines[2]).toBe(`${' '.repeat(70)}PANE`);
});
