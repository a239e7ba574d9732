import type {Frame} from './frames.ts';

const SPACE = 32;
const NEWLINE = 10;
const FULL = 70;

/** Parses `<time> <stream> <F|P> <bytes>` lines, fed in any cut: `F` had a newline of its own, `P` had none. */
export const createLogParser = (): ((bytes: Buffer) => Generator<Frame>) => {
  let rest: Buffer = Buffer.alloc(0);
  return function* parse(bytes) {
    let data = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE)) {
      const frame = parseLine(data.subarray(0, end + 1));
      data = data.subarray(end + 1);
      if (frame !== undefined) yield frame;
    }
    rest = Buffer.from(data);
  };
};

const parseLine = (line: Buffer): Frame | undefined => {
  const time = line.indexOf(SPACE);
  const stream = line.indexOf(SPACE, time + 1);
  const kind = stream + 1;
  if (time < 0 || stream < 0 || line[kind + 1] !== SPACE) return undefined;
  const isFull = line[kind] === FULL;
  const bytes = line.subarray(kind + 2, isFull ? line.length : line.length - 1);
  return bytes.length === 0 ? undefined : {stream: line.subarray(time + 1, stream).toString() === 'stderr' ? 'stderr' : 'stdout', bytes};
};
