import type {Chosen, GraphicsWish, Seen} from '../screen/graphics/choose.ts';
import type {Context} from './context.ts';
import {choice} from './flags.ts';

const wishes: readonly GraphicsWish[] = ['auto', 'kitty', 'kitty-placeholder', 'iterm', 'sixel', 'half', 'quadrant', 'ascii'];

export const graphicsFlag = choice(
  'graphics',
  wishes,
)({
  description: 'real pixels where the terminal says it shows them, else half blocks; or one of these whatever it says',
  default: 'auto',
});

/** Asks the terminal as a display does, and says what came of it. The terminal has to be one. */
export async function printCaps(context: Context): Promise<number> {
  const {stdin, stdout, env} = context.program;
  const [{createTtyIn}, {askTerminal}, {tierOf}] = await Promise.all([
    import('../screen/tty-in.ts'),
    import('../screen/graphics/open-graphics.ts'),
    import('../screen/downgrade.ts'),
  ]);
  const colours = context.flags['no-color'] ? 'none' : tierOf(env);
  const input = createTtyIn({stdin, onInput: () => undefined});
  try {
    const size = {columns: stdout.columns ?? 80, rows: stdout.rows ?? 24};
    const {chosen, seen} = await askTerminal({wish: 'auto', env, colours, stdout, input}, {env, colours, size});
    const caps = capsOf(chosen, seen);
    await context.print.item(caps, {name: ({graphics}) => graphics, text: linesOf});
    return 0;
  } finally {
    input.close();
  }
}

type Caps = ReturnType<typeof capsOf>;

function capsOf(chosen: Chosen, {probed, tmux, colours, size}: Seen) {
  return {
    terminal: probed?.name ?? '',
    isAnswered: probed?.isAnswered === true,
    graphics: chosen.kind,
    why: chosen.why,
    kittyGraphics: probed?.hasKittyGraphics === true,
    sixel: probed?.hasSixel === true,
    ...(tmux === undefined ? {} : {tmux}),
    cell: probed?.cell ?? tmux?.cell ?? null,
    size,
    colours,
    isSynchronized: probed?.isSynchronized === true,
    hasKittyKeyboard: probed?.hasKittyKeyboard === true,
    background: probed?.background ?? '',
  };
}

function linesOf(caps: Caps): string {
  const {cell, size, tmux} = caps;
  const yes = (is: boolean) => (is ? 'yes' : 'no');
  const rows: readonly (readonly [string, string])[] = [
    ['terminal', caps.isAnswered ? caps.terminal || 'does not say its name' : 'did not answer'],
    ['graphics', `${caps.graphics}: ${caps.why}`],
    ['kitty graphics', yes(caps.kittyGraphics)],
    ['sixel', yes(caps.sixel)],
    ...(tmux === undefined ? [] : [['tmux', `in front of it ${tmux.terminal}; allow-passthrough ${yes(tmux.isPassingThrough)}`] as const]),
    ['size', `${size.columns}×${size.rows} cells of ${cell === null ? 'unknown size' : `${cell.width}×${cell.height} pixels`}`],
    ['colours', caps.colours],
    ['synchronized', yes(caps.isSynchronized)],
    ['kitty keyboard', yes(caps.hasKittyKeyboard)],
    ['background', caps.background || 'unknown'],
  ];
  return rows.map(([name, value]) => `${name.padEnd(15)} ${value}`).join('\n');
}
