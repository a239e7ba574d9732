/** What every command may end with; the page of docs and the help are drawn from it. */
export const exitCodes: readonly (readonly [string, string])[] = [
  ['0', 'success, also when the reader of a pipe left early'],
  ['1', 'failure'],
  ['2', 'usage: a wrong option, argument or command; nothing was done'],
  ['4', 'no valid token, or it does not allow this'],
  ['5', 'not found'],
  ['6', 'conflict: it is in another state, or already there'],
  ['7', 'some parts succeeded, some did not'],
  ['8', 'the server cannot be reached'],
  ['124', 'a time limit ran out'],
  ['125', 'run and exec: Boxyard itself failed, not the command'],
  ['126', 'run and exec: the command cannot be executed'],
  ['127', 'run and exec: there is no such command'],
  ['130', 'Ctrl-C, or the job was cancelled'],
  ['143', 'SIGTERM'],
];
export const exitNote = "run and exec end with the command's own code otherwise.";

/** Pages of `boxyard help <topic>` that belong to no command. */
const topics: Readonly<Record<string, string>> = {
  'exit-codes': `Exit codes

${exitCodes.map(([code, meaning]) => `  ${code.padEnd(6)}${meaning}`).join('\n')}

${exitNote}
`,
  environment: `Environment

  BOXYARD_SERVER        address of the server (--server)
  BOXYARD_TOKEN         token for it; BOXYARD_TOKEN_FILE names a file that holds one
  BOXYARD_INVITATION    invitation for worker join
  BOXYARD_CONFIG_DIR, BOXYARD_DATA_DIR, BOXYARD_STATE_DIR, BOXYARD_CACHE_DIR, BOXYARD_RUNTIME_DIR
                        folders; else XDG_CONFIG_HOME and its relatives
  BOXYARD_NO_INPUT      never ask (--no-input)
  NO_COLOR, FORCE_COLOR colours never, or in pipes too
  BOXYARD_OUTPUT, BOXYARD_LISTEN, BOXYARD_IMAGE
                        settings (boxyard config list) for one command
  BOXYARD_LOG_FORMAT    text or json, for the logs of server and worker
  BOXYARD_WEBHOOK_ALLOW what webhooks may reach beyond public https, by commas (--webhook-allow)
  BOXYARD_WEBHOOK_SECRET
                        what webhooks verify checks with, without --secret-file
  HTTPS_PROXY, NO_PROXY the way out
  REDIS_URL             a Redis of your own for boxyard server
`,
  formatting: `Formatting

  -o table   columns for people; in a pipe the same columns, never cut
             (--no-truncate: not on a terminal either; --no-headers: without the first line)
  -o wide    tables with all columns, however narrow the terminal
  -o json    one document: an object, or {items, nextCursor, schemaVersion}
  -o yaml    the same as YAML
  -o jsonl   one object a line
  -o name    names or ids alone (also -q on lists)

Lists also take --sort COLUMN (--sort -COLUMN turns it round), --columns A,B, and --watch: on a terminal the table in
place; in a pipe a JSON line for each item that is new or changes, and {"gone": NAME} for one that has left the list.

Data goes to stdout; messages, progress and questions go to stderr.
`,
};

export const helpTopics: readonly string[] = Object.keys(topics);

export const helpTopic = (name: string): string | undefined => (Object.hasOwn(topics, name) ? topics[name] : undefined);

/** Below the list of commands. */
export const rootHelp = `
EXAMPLES
  $ boxyard run -- uname -a
  $ boxyard devboxes create web --image debian:12

MORE
  boxyard COMMAND --help
${helpTopics.map(topic => `  boxyard help ${topic}\n`).join('')}`;
