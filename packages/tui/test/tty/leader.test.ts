import {describe, expect, it} from 'vitest';
import {Leader, terminalCommands} from '../../src/tty/leader.ts';

const Q = '\u0011';
const take = (leader: Leader, text: string) =>
  leader.take(Buffer.from(text)).map(part => ('command' in part ? part : part.type.toString()));

describe('the leader key', () => {
  it('parts what is typed from what is asked of us', () => {
    expect(take(new Leader('ctrl-q', terminalCommands), `ls\r${Q}d`)).toEqual(['ls\r', {command: 'detach'}]);
    expect(take(new Leader('ctrl-q', terminalCommands), `${Q}tx`)).toEqual([{command: 'take'}, 'x']);
  });

  it('waits for its command across reads', () => {
    const leader = new Leader('ctrl-q', terminalCommands);
    expect(take(leader, Q)).toEqual([]);
    expect(leader.isPending).toBe(true);
    expect(take(leader, 'd')).toEqual([{command: 'detach'}]);
  });

  it('typed twice sends itself, and before anything else both are typed', () => {
    expect(take(new Leader('ctrl-q', terminalCommands), `${Q}${Q}d`)).toEqual([`${Q}d`]);
    expect(take(new Leader('ctrl-q', terminalCommands), `${Q}x`)).toEqual([`${Q}x`]);
  });

  it('is text within a paste', () => {
    const pasted = `\u001b[200~a${Q}d\u001b[201~`;
    expect(take(new Leader('ctrl-q', terminalCommands), pasted)).toEqual([pasted]);
    expect(take(new Leader('ctrl-q', terminalCommands), `${pasted}${Q}d`)).toEqual([pasted, {command: 'detach'}]);
  });

  it('may be another key, and is known as kitty tells it', () => {
    expect(take(new Leader('ctrl-b', terminalCommands), '\u0002d')).toEqual([{command: 'detach'}]);
    expect(take(new Leader('ctrl-b', terminalCommands), `${Q}d`)).toEqual([`${Q}d`]);
    expect(take(new Leader('ctrl-q', terminalCommands), '\u001b[113;5ud')).toEqual([{command: 'detach'}]);
  });
});
