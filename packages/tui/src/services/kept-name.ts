import type {Client} from '@boxyard/core/client';

/** What a command is known by inside its DevBox, for going on with it: of one DevBox alone, also where several share a directory. */
export const keptName = async (client: Client, devbox: string, named: string): Promise<string> =>
  `boxyard-${(await client.devboxesShow({devbox})).id.slice(2, 14)}-${named.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;
