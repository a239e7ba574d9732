import {defineCommand} from '../../cli/define-command.ts';
import {choice, required} from '../../cli/flags.ts';
import {pluginKinds, scaffoldPlugin, type PluginKind} from '../../services/plugin-scaffold.ts';

export default defineCommand({
  summary: 'Start a plugin of your own',
  description:
    'Writes a package in a new folder: the contract as types, and a plugin of that kind that holds every case as it is. It needs no package at run time.',
  examples: [
    {does: 'An engine', line: 'plugins create my-engine --kind engine'},
    {does: 'Something that is told about events', line: 'plugins create my-chat --kind reporter'},
  ],
  flags: {
    kind: choice('kind', pluginKinds)({description: 'what it is', required: true}),
  },
  args: {name: required('its name, and that of the folder')},
  async run(context, {flags: {kind}, args: {name}}) {
    const made = scaffoldPlugin(name, kind as PluginKind, context.program);
    await context.print.item(made, {
      name: each => each.dir,
      text: ({files, dir}) =>
        `${files.map(file => `${name}/${file}`).join('\n')}\n\nThe ${kind} ${name} is in ${dir}. Next:\n  cd ${name}\n  npm install\n  npm run build\n  boxyard plugins verify .\n`,
    });
  },
});
