import {resolve} from 'node:path';
import {string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {watchEnding} from '../../cli/interrupts.ts';
import {encodePng} from '../../output/png.ts';
import {openDisplay} from '../../services/displays.ts';
import {shoot} from '../../services/screenshot.ts';
import {writeWhole} from '../../services/write-whole.ts';

export default defineCommand({
  summary: 'Take a picture of a DevBox’s desktop',
  description:
    'Opens its display where none is open, waits until the screen rests, for 3 s at most, and writes a PNG. The display stays open, and is closed when nobody has looked for 15 minutes. Nobody’s keys or pointer are taken.',
  examples: [
    {does: 'Into a file', line: 'display shot web -o desktop.png'},
    {does: 'To another program', line: 'display shot web -o - | file -'},
  ],
  args: {devbox: required('name or id of the DevBox')},
  flags: {output: string({char: 'o', description: 'the file; - writes to stdout', helpValue: 'FILE', default: 'display.png'})},
  async run(context, {args, flags}) {
    const {stdout} = context.program;
    if (flags.output === '-' && stdout.isTTY === true)
      throw new BoxyardError('INVALID_INPUT', {field: '--output', issue: '- is for a pipe: a PNG is no text', hint: '-o desktop.png'});
    const {client} = await context.connect();
    const ending = watchEnding(context);
    try {
      const job = await openDisplay(client, args.devbox, {}, () => context.say('The server did not answer; asking again.'));
      const picture = await shoot(client, job.id, ending.leaving);
      const png = encodePng(picture);
      if (flags.output === '-') await new Promise<void>(done => stdout.write(png, () => done()));
      else await write(resolve(context.program.cwd, flags.output), png);
      context.say(`${picture.width}x${picture.height}${flags.output === '-' ? '' : `: ${flags.output}`}`);
    } catch (error) {
      if (ending.leaving.aborted) return ending.code();
      throw error;
    } finally {
      ending.release();
      client.close();
    }
  },
});

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeWhole(path, bytes);
  } catch (error) {
    throw new BoxyardError('INVALID_INPUT', {field: '--output', issue: (error as Error).message}, {cause: error});
  }
}
