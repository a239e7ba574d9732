import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {required} from '../cli/flags.ts';
import {nearest} from '../cli/suggest.ts';
import {completionScript, shells, type CompletedCommand} from '../services/completion.ts';

interface Manifest {
  readonly commands: Readonly<
    Record<string, {readonly hidden?: boolean; readonly summary?: string; readonly flags: Readonly<Record<string, unknown>>}>
  >;
}

export default defineCommand({
  summary: 'Print a script that completes commands in a shell',
  description: 'Completes commands, options, and names of DevBoxes, workers and jobs.',
  examples: [
    {does: 'For bash', line: 'completion bash > ~/.local/share/bash-completion/completions/boxyard'},
    {does: 'For fish', line: 'completion fish > ~/.config/fish/completions/boxyard.fish'},
  ],
  args: {shell: required(`one of ${shells.join(', ')}`)},
  async run(context, {args}) {
    const shell = shells.find(name => name === args.shell);
    if (shell === undefined) {
      const near = nearest(args.shell, shells);
      throw new BoxyardError('INVALID_INPUT', {
        field: 'SHELL',
        issue: `expected ${shells.join(', ')}, got ${args.shell}`,
        ...(near === undefined ? {} : {hint: `Did you mean ${near}?`}),
      });
    }
    const manifest = JSON.parse(readFileSync(join(context.program.root, 'oclif.manifest.json'), 'utf8')) as Manifest;
    const commands: CompletedCommand[] = Object.entries(manifest.commands)
      .filter(([, command]) => !command.hidden)
      .map(([id, {summary, flags}]) => ({
        words: id.replaceAll(':', ' '),
        summary: summary ?? '',
        flags: Object.keys(flags).map(name => `--${name}`),
      }));
    context.program.stdout.write(completionScript(shell, commands));
  },
});
