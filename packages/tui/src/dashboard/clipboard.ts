import {spawn} from 'node:child_process';

/** The sequence that puts a text on the clipboard of whatever terminal the person sits at (OSC 52), through ssh too. */
export const clipboardText = (text: string): string => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;

/** Longer texts are dropped by terminals; they are cut rather than lost. */
export const mostCopied = 70_000;

/** Into tmux's own buffer too, which passes it on where it may. Resolves to whether it took it. */
export function copyToTmux(text: string): Promise<boolean> {
  return new Promise(resolve => {
    const tmux = spawn('tmux', ['load-buffer', '-w', '-'], {stdio: ['pipe', 'ignore', 'ignore'], timeout: 2_000});
    tmux.on('error', () => resolve(false));
    tmux.on('close', code => resolve(code === 0));
    tmux.stdin.on('error', () => undefined);
    tmux.stdin.end(text);
  });
}
