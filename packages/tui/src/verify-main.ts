/** The process in which `plugins verify` tries a plugin: whatever that does, it does here. */
import {asBoxyardError, BoxyardError, toWire} from '@boxyard/core/errors';
import type {FromTrial, ToTrial} from './services/plugin-apart.ts';
import {verifyModule} from './services/plugin-verify.ts';

const beatMs = 500;
const stop = new AbortController();
const interrupt = (): void => stop.abort(new BoxyardError('INTERRUPTED'));
// Ctrl-C comes here too; what follows of it is said by who started this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', interrupt);

const say = (message: FromTrial, done = (): void => undefined): void => {
  if (process.connected) process.send!(message, done);
  else done();
};

process.on('message', (message: ToTrial) => {
  if (message.type === 'stop') interrupt();
  else void begin(message);
});

async function begin({wish, program, stateDir}: Extract<ToTrial, {type: 'begin'}>): Promise<void> {
  let at = 'its module';
  const beat = (): void => say({type: 'beat', at});
  setInterval(beat, beatMs).unref();
  const about = (next: string): void => {
    at = next;
    beat();
  };
  const end = (message: FromTrial): void => say(message, () => process.exit(0));
  await verifyModule(wish, {
    program,
    stateDir,
    signal: stop.signal,
    about,
    say: line => say({type: 'say', line}),
    onPlan: cases => say({type: 'plan', cases}),
    onResult: result => say({type: 'result', result}),
  }).then(
    report => end({type: 'report', report}),
    (error: unknown) => end({type: 'failed', error: toWire(asBoxyardError(error))}),
  );
}
