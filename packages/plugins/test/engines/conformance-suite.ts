import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterAll, describe, it} from 'vitest';
import {engineCases, verifyPlugin, type CaseResult, type Report, type VerifyOptions} from '@boxyard/core/conformance';

/** The last of them waits for all the others. */
const ALL_MS = 600_000;

type Given = Pick<VerifyOptions, 'config' | 'hungConfig' | 'restart' | 'image'>;
/** What the tests are called, and which cases are tried; all of them where nothing is said. */
interface Part {
  readonly called?: string;
  readonly only?: (name: string) => boolean;
}

/**
 * The kit as `boxyard plugins verify` runs it, each case as a test of its own; where the engine is absent they are skipped, and why
 * is printed. `prepare` rejects where it is.
 */
export const describeConformance = (
  plugin: {readonly name: string},
  prepare: () => Promise<Given & {close?(): Promise<void>}>,
  {called = plugin.name, only = () => true}: Part = {},
): void => {
  const cases = engineCases.filter(one => only(one.name));
  const results = new Map(cases.map(one => [one.name, Promise.withResolvers<CaseResult>()]));
  const ending = verified(plugin, prepare, {only, onResult: result => results.get(result.name)?.resolve(result)});
  void ending.catch(() => undefined);
  describe(called, {concurrent: true, timeout: ALL_MS}, () => {
    afterAll(() => ending.catch(() => undefined));
    for (const one of cases)
      it(one.name, async ({skip}) => {
        const result = await Promise.race([results.get(one.name)!.promise, ending.then(whyNone(one.name))]);
        if (result.outcome === 'left-out') skip(result.why);
        if (result.outcome === 'failed') throw new Error(result.why);
      });
  });
};

const whyNone =
  (name: string) =>
  (report: Report | {absent: string}): CaseResult => {
    const why = 'absent' in report ? report.absent : (report.why ?? 'it was not run');
    return 'absent' in report || report.verdict === 'unusable'
      ? {name, needs: [], outcome: 'left-out', why, ms: 0}
      : (report.cases.find(each => each.name === name) ?? {name, needs: [], outcome: 'failed', why, ms: 0});
  };

async function verified(
  plugin: {readonly name: string},
  prepare: () => Promise<Given & {close?(): Promise<void>}>,
  more: Pick<VerifyOptions, 'only' | 'onResult'>,
): Promise<Report | {absent: string}> {
  const {name} = plugin;
  const given = await prepare().catch((error: Error) => ({absent: error.message.split('\n', 1)[0] ?? 'unknown'}));
  if ('absent' in given) {
    process.stderr.write(`conformance of ${name} skipped: ${given.absent}\n`);
    return given;
  }
  const stateDir = await mkdtemp(path.join(tmpdir(), `bxc-${name}-`));
  try {
    const report = await verifyPlugin({...given, plugin, module: name, stateDir, signal: new AbortController().signal, ...more});
    if (report.verdict === 'unusable') process.stderr.write(`conformance of ${name} skipped: ${report.why}\n`);
    return report;
  } finally {
    await given.close?.();
    await rm(stateDir, {recursive: true, force: true});
  }
}
