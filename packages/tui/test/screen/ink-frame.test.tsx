import {EventEmitter} from 'node:events';
import {Box, render, Text, useCursor} from 'ink';
import {useEffect, useState} from 'react';
import {expect, test} from 'vitest';
import {readInkWrite, type InkWrite} from '../../src/screen/ink-frame.ts';
import {idleStdin} from '../../src/screen/ink-stream.ts';

type Tree = Parameters<typeof render>[0];

/** The real Ink with the options of TtyOut, each of its writes read. */
function openInk(tree: Tree, columns = 20, rows = 4, isScreenReaderEnabled = false) {
  const writes: string[] = [];
  const read: InkWrite[] = [];
  let count = 0;
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write(text: string, ...rest: readonly unknown[]) {
      if (text !== '') {
        writes.push(text);
        const one = readInkWrite(text, count);
        if (one.is === 'frame') count = one.lines.length;
        read.push(one);
      }
      const done = rest.at(-1);
      if (typeof done === 'function') queueMicrotask(() => void done());
      return true;
    },
  });
  const ink = render(tree, {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: idleStdin(),
    alternateScreen: false,
    incrementalRendering: false,
    interactive: true,
    patchConsole: false,
    exitOnCtrlC: false,
    maxFps: 30,
    isScreenReaderEnabled,
  });
  return {
    ink,
    read,
    writes,
    last: () => read.findLast(one => one.is === 'frame'),
    async shows(next: Tree) {
      ink.rerender(next);
      await ink.waitUntilRenderFlush();
    },
    resize(width: number, height: number) {
      Object.assign(stdout, {columns: width, rows: height});
      stdout.emit('resize');
    },
  };
}

const Screen = ({lines, height = 4}: {readonly lines: readonly string[]; readonly height?: number}) => (
  <Box flexDirection="column" height={height} width={20}>
    {lines.map((line, index) => (
      <Text key={index} wrap="truncate">
        {line}
      </Text>
    ))}
  </Box>
);

test('a full screen is got back line by line, whatever it follows', async () => {
  const opened = openInk(<Screen lines={['one', '\u001b[31mred\u001b[39m', '日本', 'four']} />);
  expect(opened.last()).toEqual({is: 'frame', lines: ['one', '\u001b[31mred\u001b[39m', '日本', 'four'], cursor: undefined});
  await opened.shows(<Screen lines={['1', ' ', '3']} />);
  expect(opened.last()).toMatchObject({lines: ['1', '', '3', '']});
  // Lower than the terminal, and back.
  await opened.shows(<Screen lines={['low']} height={2} />);
  expect(opened.last()).toMatchObject({lines: ['low', '', '']});
  await opened.shows(<Screen lines={['a', 'b', 'c', 'd']} />);
  expect(opened.last()).toMatchObject({lines: ['a', 'b', 'c', 'd']});
  // Higher than the terminal.
  await opened.shows(<Screen lines={['a', 'b', 'c', 'd', 'e']} height={5} />);
  expect(opened.last()).toMatchObject({lines: ['a', 'b', 'c', 'd', 'e']});
  expect(opened.read.filter(one => one.is === 'unknown')).toEqual([]);
  opened.ink.unmount();
  await opened.ink.waitUntilExit();
});

test('resizes and the end leave nothing that is not understood', async () => {
  const opened = openInk(<Screen lines={['a', 'b', 'c', 'd']} />);
  for (const [columns, rows] of [
    [10, 4],
    [10, 2],
    [30, 8],
    [5, 3],
    [20, 4],
  ] as const) {
    opened.resize(columns, rows);
    await opened.ink.waitUntilRenderFlush();
  }
  await opened.shows(<Screen lines={['e']} />);
  expect(opened.last()).toMatchObject({lines: ['e', '', '', '']});
  opened.ink.unmount();
  await opened.ink.waitUntilExit();
  expect(opened.read.filter(one => one.is === 'unknown')).toEqual([]);
  expect(opened.writes.join('')).not.toContain('\u001b[?1049');
});

test('a cursor that a component places is told, moved and taken away', async () => {
  const Field = ({at}: {readonly at: {readonly x: number; readonly y: number} | undefined}) => {
    useCursor().setCursorPosition(at);
    return <Screen lines={['a', 'b', 'c', 'd']} />;
  };
  const opened = openInk(<Field at={{x: 3, y: 1}} />);
  expect(opened.last()).toMatchObject({lines: ['a', 'b', 'c', 'd'], cursor: {column: 3, row: 1}});
  await opened.shows(<Field at={{x: 0, y: 3}} />);
  expect(opened.read).toContainEqual({is: 'cursor', cursor: {column: 0, row: 3}});
  await opened.shows(<Field at={undefined} />);
  expect(opened.read.at(-1)).toMatchObject({is: 'nothing'});
  expect(opened.read).toContainEqual({is: 'cursor', cursor: undefined});
  opened.ink.unmount();
  expect(opened.read.filter(one => one.is === 'unknown')).toEqual([]);
});

test('what is drawn for a screen reader arrives as well', async () => {
  const opened = openInk(<Screen lines={['a', 'b']} />, 20, 4, true);
  expect(opened.last()).toMatchObject({lines: ['a', 'b']});
  await opened.shows(<Screen lines={['c', 'd', 'e']} />);
  expect(opened.last()).toMatchObject({lines: ['c', 'd', 'e']});
  opened.ink.unmount();
  expect(opened.read.filter(one => one.is === 'unknown')).toEqual([]);
});

test('states of components that follow each other all arrive', async () => {
  const Counter = () => {
    const [count, setCount] = useState(0);
    useEffect(() => {
      if (count < 5) setTimeout(() => setCount(count + 1), 1);
    });
    return <Screen lines={[`count ${count}`]} />;
  };
  const opened = openInk(<Counter />);
  await expect.poll(() => opened.last()).toMatchObject({lines: ['count 5', '', '', '']});
  opened.ink.unmount();
});

test.each([
  ['a move within', 'one\u001b[3Ctwo'],
  ['lines that are left out', '\u001b[Eone'],
  ['a region that scrolls', '\u001b[2Sone'],
  ['a return', 'one\rtwo'],
])('%s is not taken for a frame', (_, text) => {
  expect(readInkWrite(text, 4).is).toBe('unknown');
});
