import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from '../../cli/context.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {moduleText, pluginText} from '../../output/views/plugins.ts';
import {lookAtModule} from '../../services/plugin-module.ts';

export default defineCommand({
  summary: 'Show a plugin',
  description:
    'By its name: where it runs, its version and integrity, what it can do, what went wrong last. By a path: the version and integrity of what lies there, as a config file names them; nothing of it is run.',
  examples: [
    {does: 'One that runs', line: 'plugins show podman'},
    {does: 'The lines for a config file', line: 'plugins show ./my-engine'},
  ],
  args: {plugin: required('name of a plugin, or a path')},
  run: (context, {args: {plugin}}) => (/^[./]|^file:/.test(plugin) ? showModule(context, plugin) : showNamed(context, plugin)),
});

async function showModule(context: Context, module: string): Promise<void> {
  const found = await lookAtModule(module, context.program);
  await context.print.item(found, {name: each => each.integrity, text: moduleText});
}

/** The same plugin may run on several machines. */
async function showNamed(context: Context, name: string): Promise<void> {
  const {client} = await context.connect();
  const items = (await client.pluginsList()).items.filter(each => each.name === name || each.module === name);
  if (items.length === 0) throw new BoxyardError('NOT_FOUND', {what: 'plugin', name, list: 'boxyard plugins list'});
  const view = {name: () => name, text: () => items.map(pluginText).join('\n')};
  await context.print.item(items.length === 1 ? items[0]! : {items, schemaVersion: 1}, view);
}
