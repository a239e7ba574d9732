import {BoxyardError} from '@boxyard/core/errors';
import {REPORT_SECRET, type SecretRef} from '@boxyard/core/protocol';
import {execInBox, type StepContext} from './context.ts';

export const SECRETS_DIR = '/run/boxyard/secrets';
const READY = `${SECRETS_DIR}/.ready`;

export interface SecretValues {
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  /** The one that the program may report with. */
  readonly report?: string | undefined;
  /** Every value, to be masked in output. */
  readonly all: readonly string[];
}

/** Asks the server for the values of these secrets; nothing is asked where there are none. */
export async function secretsOf(context: StepContext, refs: readonly SecretRef[]): Promise<SecretValues> {
  if (refs.length === 0) return {env: {}, files: {}, all: []};
  const values = await context.parts.secrets.of(context.of, context.signal);
  const valueOf = (ref: SecretRef) => {
    const value = values[ref.secret];
    if (value === undefined) throw new BoxyardError('NOT_FOUND', {what: 'secret', name: ref.secret, list: 'boxyard secrets list'});
    return value;
  };
  const pick = (kind: SecretRef['kind']) => Object.fromEntries(refs.filter(ref => ref.kind === kind).map(ref => [ref.as, valueOf(ref)]));
  return {env: pick('env'), files: pick('file'), all: refs.map(valueOf), report: values[REPORT_SECRET]};
}

/** The secrets that the box was given by this same job; of a box that another job made nothing is known here. */
export const secretRefs = (context: StepContext, box: string): readonly SecretRef[] =>
  context.start.steps.flatMap(step => (step.do === 'container.create' && step.spec.name === box ? step.secrets : []));

/** Values that output must not show although the command is not given them; one that is gone by now is nobody's secret. */
export async function maskedValues(context: StepContext, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const values = await context.parts.secrets.of(context.of, context.signal);
  return names.map(name => values[name]).filter(value => value !== undefined);
}

/** A program that needs its secrets as files starts when they are there: they can be written only into a running box, as they live in memory. */
export function awaitingSecrets(main: readonly string[] | 'hold' | undefined): readonly string[] | 'hold' {
  if (main === 'hold') return main;
  if (main === undefined) throw new BoxyardError('UNSUPPORTED', {what: 'a secret as a file without a command', hint: 'Name the command.'});
  const wait = `n=0; while [ ! -e ${READY} ] && [ $n -lt 600 ]; do n=$((n+1)); sleep 0.05 2>/dev/null || sleep 1; done; exec "$@"`;
  return ['sh', '-c', wait, 'boxyard', ...main];
}

/** Writes them 0400. The values travel on the program's stdin, so they are in no argument list and no environment. */
export async function putSecretFiles(context: StepContext, box: string, refs: readonly SecretRef[]): Promise<void> {
  const files = refs.filter(ref => ref.kind === 'file');
  if (files.length === 0) return;
  const values = await secretsOf(context, files);
  const script = `set -e; grep -q ' ${SECRETS_DIR} tmpfs ' /proc/mounts || exit 95; umask 0377; cd ${SECRETS_DIR}; while IFS= read -r name; do IFS= read -r size; rm -f "$name"; dd bs=1 count="$size" of="$name" 2>/dev/null; done; : > ${READY}`;
  const input = Buffer.concat(
    Object.entries(values.files).map(([name, value]) => Buffer.from(`${name}\n${Buffer.byteLength(value)}\n${value}`)),
  );
  const slot = `secrets-${context.index}`;
  const to = {...context.of, slot};
  const state = await execInBox(context, {
    slot,
    box,
    argv: ['sh', '-c', script],
    stdin: true,
    into: 'log',
    secrets: values.all,
    onRunning: () => {
      context.parts.host.note({type: 'stdin', ...to, offset: 0}, input);
      context.parts.host.note({type: 'stdin.end', ...to, length: input.length, interrupted: false});
    },
  });
  if (state.exit && 'code' in state.exit && state.exit.code === 0) return;
  throw new BoxyardError('UNSUPPORTED', {
    what: 'a secret as a file',
    by: context.start.engine,
    hint: 'Use an environment variable: --secret NAME',
  });
}
