import {Readable} from 'node:stream';
import type {Box} from '@boxyard/core/plugin-api';
import {REPORT_SECRET} from '@boxyard/core/protocol';
import type {StepContext} from './context.ts';
import {tarOf} from './tar-of.ts';

const FOLDER = '/usr/local/bin';
const NAME = 'boxyard-report';
const PUT_MS = 30_000;

/**
 * Says what a job reports on its stderr, between marks that terminals pass over: it needs neither network nor a socket, and works
 * wherever the job's output is read. POSIX sh, `tr` and nothing else.
 */
export const REPORT_SCRIPT = `#!/bin/sh
# Tells Boxyard how far this job is, what it did, and what came of it.
usage() {
  cat >&2 <<'TEXT'
usage: boxyard-report progress DONE [TOTAL [TEXT]]
       boxyard-report log [TEXT]         without a text: every line of stdin
       boxyard-report result [JSON]      without it: all of stdin; the last one counts
TEXT
  exit 2
}
if [ -z "$BOXYARD_REPORT_SECRET" ]; then
  echo 'boxyard-report: BOXYARD_REPORT_SECRET is not set; children, runs of roles and run --report have one' >&2
  exit 1
fi
one_line() { tr '\\n\\r\\t' '   ' | tr -d '\\000-\\037\\177'; }
say() { printf '\\033]6973;%s;%s\\007' "$BOXYARD_REPORT_SECRET" "$1" >&2; }
number() { case $1 in '' | *[!0-9.]* | *.*.* | .* | *.) usage ;; esac; }
kind=$1
[ $# -gt 0 ] && shift
case $kind in
  progress)
    [ $# -le 3 ] || usage
    number "$1"
    [ -z "$2" ] || number "$2"
    say "progress;$1;$2;$(printf %s "$3" | one_line)"
    ;;
  log)
    if [ $# -gt 0 ]; then
      say "log;$(printf %s "$*" | one_line)"
    else
      while IFS= read -r line || [ -n "$line" ]; do say "log;$(printf %s "$line" | one_line)"; done
    fi
    ;;
  result)
    [ $# -le 1 ] || usage
    if [ $# -eq 1 ]; then say "result;$(printf %s "$1" | one_line)"; else say "result;$(one_line)"; fi
    ;;
  *) usage ;;
esac
`;

/** Whether a program of the job is given a secret to report with. */
export const reports = ({start}: StepContext): boolean =>
  start.steps.some(step => 'secrets' in step && step.secrets.some(({secret}) => secret === REPORT_SECRET));

/** Where a job may report over HTTP, as its worker reaches the server; and the script itself where it cannot be placed. */
export function reportEnv(context: StepContext, isReadOnly: boolean): Readonly<Record<string, string>> {
  if (!reports(context)) return {};
  const {protocol, host} = new URL(context.parts.worker.server);
  return {
    BOXYARD_REPORT_URL: `${protocol === 'wss:' ? 'https' : 'http'}://${host}/api/cluster/${context.of.job}/webhook`,
    ...(isReadOnly ? {BOXYARD_REPORT: REPORT_SCRIPT} : {}),
  };
}

/**
 * Puts it where programs are found, before the box starts. Where the root is read-only nothing can be put: there it is the
 * variable BOXYARD_REPORT, for `sh -c`. A box of an engine that moves no files goes without.
 */
export async function placeReportScript(context: StepContext, box: Box, isReadOnly: boolean): Promise<void> {
  const {engines, log} = context.parts;
  const {engine} = context.start;
  const {files} = engines.get(engine).features;
  if (isReadOnly || files === undefined) return;
  const tar = tarOf(NAME, Buffer.from(REPORT_SCRIPT), 0o755);
  const put = (signal: AbortSignal) => files.put(box, FOLDER, Readable.from([tar]), signal);
  await engines
    .call(engine, 'put', (_, signal) => put(signal), {signal: context.signal, ms: PUT_MS})
    .catch((error: unknown) => log('a job goes without boxyard-report', {...context.of, box: box.name, error: String(error)}));
}
