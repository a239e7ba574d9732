import {describe, expect, it} from 'vitest';
import {shellCodeOf} from '../../src/engines/docker-api/missing-program.ts';

const TIME = '2026-01-02T03:04:05.678901234+00:00';

/** The same sentence as the log keeps it when the init's writes came together and when they came apart. */
const LOGS = [
  (why: string) => `${TIME} stderr F ERROR (catatonit:6): failed to exec pid1: ${why}\n`,
  (why: string) => `${TIME} stderr P ERROR (catatonit:6): \n${TIME} stderr F failed to exec pid1: ${why}\n`,
  (why: string) => `${TIME} stderr P ERROR (catatonit:6): \n${TIME} stderr P failed to exec pid1: ${why}\n${TIME} stderr F \n`,
];

describe('an init that cannot start the program', () => {
  it.each(LOGS)('is told from its last words, however they were cut (%#)', log => {
    expect(shellCodeOf(Buffer.from(log('No such file or directory')))).toBe(127);
    expect(shellCodeOf(Buffer.from(log('Permission denied')))).toBe(126);
  });

  it('is not seen in what a program said that had begun', () => {
    expect(shellCodeOf(Buffer.from(`${TIME} stdout F done\n`))).toBeUndefined();
    expect(shellCodeOf(Buffer.from(LOGS[0]?.('No such file or directory') + `${TIME} stdout F more\n`))).toBeUndefined();
    expect(shellCodeOf(Buffer.alloc(0))).toBeUndefined();
  });
});
