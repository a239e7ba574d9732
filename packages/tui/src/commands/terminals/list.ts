import {boolean, string} from '@oclif/core/flags';
import {defineList} from '../../cli/define-list.ts';
import {terminalList} from '../../output/views/terminals.ts';

export default defineList({
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
  view: terminalList,
  async load(client, {flags}) {
    const page = await client.jobsList({query: {session: 'true', state: 'running', devbox: flags.devbox, limit: 1000}});
    const items = page.items.filter(job => !flags.asks || job.session?.attention.is === 'asks');
    return {...page, items: [...items].sort((a, b) => Number(isAsking(b)) - Number(isAsking(a)))};
  },
});

const isAsking = (job: {readonly session?: {readonly attention: {readonly is: string}} | undefined}): boolean =>
  job.session?.attention.is === 'asks';
