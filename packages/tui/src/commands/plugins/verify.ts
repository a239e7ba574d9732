import {string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import type {CaseResult, Report} from '@boxyard/core/conformance';
import type {Context} from '../../cli/context.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, repeated, required, whole} from '../../cli/flags.ts';
import {capabilityTable, failureLines, resultLine, summaryLine} from '../../output/views/conformance.ts';
import type {VerifyWish} from '../../services/plugin-verify.ts';

const interruptedCode = 130;

export default defineCommand({
  summary: 'Try a plugin on this machine',
  description:
    'Runs the conformance cases of its kind and says which of what it offers holds: progress on stderr, then a matrix of capabilities. Ends with 1 where a case fails or the plugin is not usable here. Everything it made is removed, also after Ctrl-C. Needs no server. A package.json may say how it wants to be tried: "boxyard": {"verify": {"config": …, "image": …, "restart": …, "hungConfig": …}}.',
  examples: [
    {does: 'One that comes with Boxyard', line: 'plugins verify podman'},
    {does: 'One in this folder, built', line: 'plugins verify .'},
    {
      does: 'A reporter, told to a receiver that the kit opens',
      line: 'plugins verify ./chat --config \'{"url": "$RECEIVER/hook", "origins": ["$RECEIVER"]}\'',
    },
    {does: 'With a restart of its daemon, for a script', line: 'plugins verify docker --restart "systemctl restart docker" -o json'},
  ],
  flags: {
    config: string({description: 'its config, as JSON', helpValue: 'JSON'}),
    image: string({description: 'an image with sh (default: one that is here, else busybox is pulled)', helpValue: 'IMAGE'}),
    restart: string({description: 'a command that restarts the engine’s daemon', helpValue: 'COMMAND'}),
    'hung-config': string({description: 'its config, as JSON, with $HUNG for a socket that never answers', helpValue: 'JSON'}),
    engine: string({description: 'what a display is tried with (default: podman, docker or process)', helpValue: 'ENGINE'}),
    case: repeated({description: 'only cases with this in their name; may be repeated', helpValue: 'WORDS'}),
    'case-timeout': duration('case-timeout')({description: 'how long a case may take (default 2m)'}),
    'at-a-time': whole('at-a-time', {min: 1, max: 32})({description: 'how many cases run at once (default 4)'}),
  },
  args: {plugin: required('podman, docker, process, a path, or the name of a package')},
  async run(context, {flags, args: {plugin}}) {
    const wish: VerifyWish = {
      module: plugin,
      config: jsonOf('--config', flags.config),
      hungConfig: jsonOf('--hung-config', flags['hung-config']),
      image: flags.image,
      restart: flags.restart,
      engine: flags.engine,
      words: flags.case ?? [],
      caseMs: flags['case-timeout'],
      atATime: flags['at-a-time'],
    };
    const {verifyApart} = await import('../../services/plugin-apart.ts');
    const stop = new AbortController();
    const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name =>
      context.program.onSignal(name, () => {
        if (!stop.signal.aborted) context.say('Interrupted; removing what was made…');
        stop.abort(new BoxyardError('INTERRUPTED'));
      }),
    );
    try {
      const report = await verifyApart(wish, {program: context.program, signal: stop.signal, say: context.say, ...progress(context)});
      await printReport(context, report);
      return stop.signal.aborted ? interruptedCode : report.verdict === 'holds' ? 0 : 1;
    } finally {
      releases.forEach(release => release());
    }
  },
});

/** One line a case, as each ends. */
function progress(context: Context): {onPlan(cases: number): void; onResult(result: CaseResult): void} {
  let [all, done] = [0, 0];
  return {
    onPlan: cases => void (all = cases),
    onResult: result => context.say(resultLine(result, `${String((done += 1)).padStart(String(all).length)}/${all}`)),
  };
}

async function printReport(context: Context, report: Report): Promise<void> {
  await context.print.item(report, {
    name: each => each.verdict,
    text: each => [...capabilityTable(each), ...failureLines(each), summaryLine(each)].map(line => `${line}\n`).join(''),
  });
}

function jsonOf(field: string, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new BoxyardError('INVALID_INPUT', {field, issue: `is no JSON: ${(cause as Error).message}`}, {cause});
  }
}
