import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {required} from '../cli/flags.ts';
import {nearest} from '../cli/suggest.ts';
import {completionScript, shells} from '../services/completion.ts';

export default defineCommand({
  summary: 'Print a script that completes commands in a shell',
  description: 'Completes commands, options and their values, and the names of DevBoxes, workers, jobs, images and the like.',
  examples: [
    {does: 'For bash', line: 'completion bash > ~/.local/share/bash-completion/completions/boxyard'},
    {does: 'For zsh, in a folder of its fpath', line: 'completion zsh > ~/.zfunc/_boxyard'},
    {does: 'For PowerShell, in its profile', line: 'completion powershell | Out-String | Invoke-Expression'},
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
    context.program.stdout.write(completionScript(shell));
  },
});
