import {string} from '@oclif/core/flags';
import type {Access} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {required, several} from '../../cli/flags.ts';
import {forwardPorts, parseForward, type Forwarded} from '../../services/forward-ports.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Reach ports inside a DevBox from here',
  description:
    'Listens here and carries every connection to a program in the DevBox, which may have no network at all. It goes on until Ctrl-C; when the server or the agent restarts, open connections break and new ones work again.',
  examples: [
    {does: 'The web server on port 3000 of the DevBox web', line: 'ports forward web 3000'},
    {does: 'On port 8080 here, and a database beside it', line: 'ports forward web 3000:8080 5432'},
    {does: 'On whatever port is free here', line: 'ports forward web 3000:0'},
  ],
  args: {devbox: required('name or id of the DevBox'), port: several('port inside it, and after a colon another one here')},
  flags: {listen: string({description: 'address to listen on here', helpValue: 'ADDRESS', default: '127.0.0.1'})},
  async run(context, {args, flags}) {
    const forwards = args.port.map(parseForward);
    const {client} = await context.connect();
    const devbox = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesShow({devbox: args.devbox}),
      () => client.devboxesList(),
    );
    checkAccess((await client.whoami()).access);
    const forwarding = await forwardPorts({
      client,
      devbox: args.devbox,
      host: flags.listen.replace(/^\[|\]$/g, ''),
      forwards,
      failed: ({port}, error) => context.say(`${args.devbox}:${port}: ${error.message}`),
    });
    const asked = Promise.withResolvers<void>();
    const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name => context.program.onSignal(name, () => asked.resolve()));
    try {
      await context.print.list({items: forwarding.items}, {columns, name: item => item.address, empty: ''});
      if (devbox.state === 'stopped')
        context.say(`${devbox.name} is stopped; nothing gets through until: boxyard devboxes start ${devbox.name}`);
      context.say('Ctrl-C ends it.');
      await asked.promise;
    } finally {
      forwarding.close();
      client.close();
      releases.forEach(release => release());
    }
  },
});

const columns = [
  {title: 'HERE', cell: (item: Forwarded) => item.address},
  {title: 'DEVBOX', cell: (item: Forwarded) => item.devbox},
  {title: 'PORT', cell: (item: Forwarded) => String(item.port)},
];

/** Said before anything listens, not with every connection. */
function checkAccess(access: Access): void {
  if (access === 'viewer') throw new BoxyardError('FORBIDDEN', {access});
}
