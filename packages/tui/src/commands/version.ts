import {defineCommand} from '../cli/define-command.ts';

export default defineCommand({
  summary: 'Show the versions of this program and of the server',
  description: 'Says so where they differ. Works without a server too.',
  examples: [
    {does: 'For people', line: 'version'},
    {does: 'As JSON', line: 'version --output json'},
  ],
  async run(context) {
    const {program} = context;
    const server = await context
      .connect()
      .then(({client}) => client.health({requestTimeoutMs: 3_000}))
      .then(health => health.version)
      .catch(() => undefined);
    const about = {
      client: program.version,
      server: server ?? null,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    await context.print.value(about, `boxyard ${about.client} (node ${about.node}, ${about.platform})\nserver  ${server ?? 'not reached'}`);
    if (server !== undefined && server !== program.version) context.say('The server is of another version; upgrade the older of the two.');
  },
});
