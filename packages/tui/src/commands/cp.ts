import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {BoxyardError} from '@boxyard/core/errors';
import {copyProgress} from '../cli/copy-progress.ts';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';
import {required} from '../cli/flags.ts';
import {formatBytes} from '../output/amounts.ts';
import {archiveOf, copyIn, copyOut, type Copied} from '../services/copy.ts';
import {parseEnd, type End} from '../services/copy-paths.ts';
import {withSuggestion} from '../services/named-object.ts';

type InDevBox = Extract<End, {at: 'devbox'}>;

export default defineCommand({
  summary: 'Copy files into a DevBox, or out of it',
  description:
    'DEVBOX:PATH is in a DevBox; a path there that does not begin with / is below /workspace. A directory goes into a directory that is there, under its own name, and else becomes what PATH says; DIR/. means what is in it. A file goes into a directory, or becomes the file PATH; a / at the end says that it is to be a directory. Directories are made where they are missing. Bytes, modes, times and links are kept; owners are not, and links that lead out of what is copied are refused. With - as one side it is a tar, on stdin or stdout. A copy out of a stopped DevBox works as well.',
  examples: [
    {does: 'A directory into /workspace of the DevBox web', line: 'cp ./src web:/workspace'},
    {does: 'What is in it, and nothing else', line: 'cp ./src/. web:/workspace'},
    {does: 'A file back, under another name', line: 'cp web:dist/app.js ./app-from-web.js'},
    {does: 'A directory back into the one you are in', line: 'cp web:/workspace/dist .'},
    {does: 'A tar of it to another program', line: 'cp web:/workspace/dist - | tar -tv'},
    {does: 'A tar from another program', line: 'cp - web:/workspace/data < data.tar'},
  ],
  args: {from: required('file or directory: PATH, DEVBOX:PATH or -'), to: required('where to: PATH, DEVBOX:PATH or -')},
  async run(context, {args}) {
    const [from, to] = [parseEnd(args.from), parseEnd(args.to)];
    const {client} = await context.connect();
    const leaving = new AbortController();
    const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name => context.program.onSignal(name, () => leaving.abort()));
    const progress = copyProgress(context);
    const way = {client, cwd: context.program.cwd, signal: leaving.signal, handlers: progress};
    const box = from.at === 'devbox' ? from : to;
    const work = async (): Promise<Copied | undefined> => {
      if (to.at === 'devbox' && from.at === 'here') return copyIn(way, {path: from.path}, to);
      if (to.at === 'devbox' && from.at === 'stream') return copyIn(way, {tar: fromStdin(context)}, to);
      if (from.at === 'devbox' && to.at === 'here') return copyOut(way, from, to.path);
      if (from.at === 'devbox' && to.at === 'stream') return void (await toStdout(context, archiveOf(way, from)));
      throw new BoxyardError('INVALID_INPUT', {
        field: 'path',
        issue: 'one side is in a DevBox, the other is not',
        hint: 'boxyard cp ./dir web:/workspace',
      });
    };
    try {
      const copied = await withSuggestion((box as InDevBox).devbox ?? '', 'DevBox', work, () => client.devboxesList());
      progress.end();
      if (copied !== undefined) await tell(context, copied, from.at === 'stream');
    } finally {
      progress.end();
      releases.forEach(release => release());
    }
  },
});

function fromStdin({program}: Context): AsyncIterable<Uint8Array> {
  if (program.stdin.isTTY !== true) return program.stdin;
  throw new BoxyardError('INVALID_INPUT', {
    field: '-',
    issue: 'expected a tar on stdin, and a terminal is there',
    hint: 'boxyard cp - web:/workspace < data.tar',
  });
}

async function toStdout({program}: Context, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  if (program.stdout.isTTY === true)
    throw new BoxyardError('INVALID_INPUT', {
      field: '-',
      issue: 'a tar is not for a terminal',
      hint: 'Send it into a file or to a program.',
    });
  await pipeline(Readable.from(bytes, {objectMode: false}), program.stdout, {end: false});
}

async function tell({print, say}: Context, {files, bytes, to}: Copied, isStream: boolean): Promise<void> {
  if (print.format !== 'table' && print.format !== 'name') return print.value({files, bytes, to}, '');
  say(
    isStream
      ? `Unpacked ${formatBytes(bytes)} in ${to}.`
      : `Copied ${files} ${files === 1 ? 'entry' : 'entries'}, ${formatBytes(bytes)}, to ${to}.`,
  );
}
