import {boolean} from '@oclif/core/flags';
import {files} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {optional, required} from '../../cli/flags.ts';
import {setSetting} from '../../services/user-config.ts';

export default defineCommand({
  summary: 'Change a setting',
  description: 'Written to config.yaml in your configuration directory.',
  examples: [
    {does: 'Print JSON from now on', line: 'config set output json'},
    {does: 'Back to the default', line: 'config set output --unset'},
  ],
  args: {key: required('name of the setting'), value: optional('its new value')},
  flags: {unset: boolean({description: 'back to the default'})},
  async run(context, {args, flags}) {
    const isUnset = flags.unset === true;
    if (isUnset && args.value !== undefined)
      throw new BoxyardError('INVALID_INPUT', {field: 'VALUE', issue: 'does not go together with --unset'});
    if (!isUnset && args.value === undefined)
      throw new BoxyardError('INVALID_INPUT', {field: 'VALUE', issue: 'missing', hint: `boxyard config set ${args.key.replace('=', ' ')}`});
    await setSetting(context.paths, args.key, args.value);
    context.say(`${args.key} is ${args.value ?? 'back at its default'} (${files(context.paths).userConfig}).`);
  },
});
