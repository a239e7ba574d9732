import {spawn} from '@lydell/node-pty';
import {startUp, bin} from './boxyard.ts';
import {pause, waitFor, type Lab} from '../lab.ts';

export interface DesktopView {
  type(text: string): void;
  /** Resolves when something is written to the terminal, which had been at rest. */
  painted(): Promise<void>;
  /** The desktop has come to rest. */
  atRest(): Promise<void>;
  close(): void;
}

/** What a terminal like kitty answers. */
const asKitty = '\u001b_Gi=31;OK\u001b\\\u001bP>|kitty(0.35.2)\u001b\\\u001b[6;16;8t\u001b[?62;c';

/** A private Boxyard with a desktop in it, and a way to look at it in a terminal. Real Xvnc, everything on loopback. */
export async function startDesktop(lab: Lab): Promise<(graphics: string) => Promise<DesktopView>> {
  const boxyard = await startUp(lab);
  const {NO_COLOR: _no, ...env} = boxyard.env;
  await boxyard.type('devboxes', 'create', 'desk', '--engine', 'process');
  // Of the engine process what was started lives on this machine.
  lab.own('desk', name => boxyard.type('devboxes', 'stop', name));
  return graphics =>
    openView(lab, graphics, Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as Record<string, string>);
}

async function openView(lab: Lab, graphics: string, env: Record<string, string>): Promise<DesktopView> {
  const all = {...env, TERM: 'xterm-256color', COLORTERM: 'truecolor', TMUX: ''};
  const pty = spawn(bin, ['display', 'desk', '--graphics', graphics], {
    name: 'xterm-256color',
    cols: 162,
    rows: 52,
    env: all,
    cwd: lab.dir,
  });
  lab.own(pty, given => given.kill('SIGKILL'));
  let text = '';
  let isOurs = false;
  let listener: (() => void) | undefined;
  let lastAt = performance.now();
  pty.onData(data => {
    if (data.includes('\u001b[c')) pty.write(asKitty);
    text += data;
    isOurs ||= text.includes('you control it');
    text = text.slice(-100);
    lastAt = performance.now();
    listener?.();
  });
  const view: DesktopView = {
    type: typed => pty.write(typed),
    painted: () => new Promise(resolve => (listener = resolve)),
    atRest: async () => void (await waitFor('a desktop at rest', () => performance.now() - lastAt > 400 || undefined)),
    close: () => pty.kill('SIGTERM'),
  };
  await waitFor('the desktop', () => isOurs || undefined);
  // The program in its window is there a moment after it.
  await pause(2_000);
  // The window under the pointer has the keyboard.
  view.type('\u001b[<0;10;5M\u001b[<0;10;5m');
  await view.atRest();
  return view;
}
