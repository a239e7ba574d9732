import {defineCommand} from '../../cli/define-command.ts';

export default defineCommand({
  summary: 'Print the JSON Schema of a cluster’s file',
  description:
    'Editors that know YAML complete fields and mark mistakes with it: save it beside the file, whose first line then is `# yaml-language-server: $schema=cluster.schema.json`.',
  examples: [{does: 'Beside the file', line: 'clusters schema > cluster.schema.json'}],
  async run(context) {
    const {clusterSchema} = await import('@boxyard/core/api');
    const schema = clusterSchema();
    await context.print.item(schema, {name: () => 'cluster', text: () => `${JSON.stringify(schema, undefined, 2)}\n`});
  },
});
