import {boolean, string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {terminalList} from '../../output/views/terminals.ts';

export default defineCommand({
  summary: 'List terminals, those that ask for you first',
  description:
    'What each is doing: asks (it rang or sent a notification since somebody typed), busy, quiet (no output for 10 s); when it last wrote, its title and its last line.',
  examples: [
    {does: 'All of them', line: 'terminals list'},
    {does: 'Those that wait for an answer', line: 'terminals list --asks'},
    {does: 'Those of one DevBox', line: 'terminals list --devbox web'},
  ],
  flags: {
    asks: boolean({description: 'only those that ask for somebody'}),
    devbox: string({description: 'only those of this DevBox'}),
  },
  async run(context, {flags}) {
    const {client} = await context.connect();
    const page = await client.jobsList({query: {session: 'true', state: 'running', devbox: flags.devbox, limit: 1000}});
    const items = page.items.filter(job => !flags.asks || job.session?.attention.is === 'asks');
    const asksFirst = [...items].sort((a, b) => Number(isAsking(b)) - Number(isAsking(a)));
    await context.print.list({...page, items: asksFirst}, terminalList);
  },
});

const isAsking = (job: {readonly session?: {readonly attention: {readonly is: string}} | undefined}): boolean =>
  job.session?.attention.is === 'asks';
