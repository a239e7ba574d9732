import {defineCommand} from '../cli/define-command.ts';
import {renderFields} from '../output/print.ts';

export default defineCommand({
  summary: 'Say who the token is',
  description: 'The actor, its access, its tenant, and the server that says so.',
  examples: [
    {does: 'For people', line: 'whoami'},
    {does: 'As JSON', line: 'whoami --output json'},
  ],
  async run(context) {
    const {client, target} = await context.connect();
    const me = await client.whoami();
    await context.print.item(
      {...me, server: {...me.server, url: client.server}, tokenFrom: target.origin},
      {
        name: () => me.actor,
        text: () =>
          renderFields([
            ['Actor', me.actor],
            ['Access', me.access],
            ['Tenant', `${me.tenant.name} (${me.tenant.id})`],
            ['Server', `${client.server}, version ${me.server.version}`],
            ['Token from', target.origin],
          ]),
      },
    );
  },
});
