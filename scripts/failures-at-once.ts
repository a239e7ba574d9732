import type {Reporter, TestCase} from 'vitest/node';

/** Says why a test failed when it does: a run that is ended for its time has no summary. */
export default class FailuresAtOnce implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const {state, errors} = test.result();
    if (state !== 'failed') return;
    const why = (errors ?? []).map(({stack, message}) => stack ?? message).join('\n');
    process.stdout.write(`failed: ${test.module.relativeModuleId} > ${test.fullName}\n${why.slice(0, 4_000)}\n`);
  }
}
