import {describe, expect, it} from 'vitest';
import {Leader} from '../../src/tty/leader.ts';

const Q = '\u0011';
const take = (leader: Leader, text: string) =>
  leader.take(Buffer.from(text)).map(part => ('command' in part ? part : part.type.toString()));

describe('the leader key', () => {
  it('parts what is typed from what is asked of us', () => {
    expect(take(new Leader('ctrl-q'), `ls\r${Q}d`)).toEqual(['ls\r', {command: 'detach'}]);
    expect(take(new Leader('ctrl-q'), `${Q}tx`)).toEqual([{command: 'take'}, 'x']);
  });

  it('waits for its command across reads', () => {
    const leader = new Leader('ctrl-q');
    expect(take(leader, Q)).toEqual([]);
    expect(leader.isPending).toBe(true);
    expect(take(leader, 'd')).toEqual([{command: 'detach'}]);
  });

  it('typed twice sends itself, and before anything else both are typed', () => {
    expect(take(new Leader('ctrl-q'), `${Q}${Q}d`)).toEqual([`${Q}d`]);
    expect(take(new Leader('ctrl-q'), `${Q}x`)).toEqual([`${Q}x`]);
  });

  it('is text within a paste', () => {
    const pasted = `\u001b[200~a${Q}d\u001b[201~`;
    expect(take(new Leader('ctrl-q'), pasted)).toEqual([pasted]);
    expect(take(new Leader('ctrl-q'), `${pasted}${Q}d`)).toEqual([pasted, {command: 'detach'}]);
  });

  it('may be another key, and is known as kitty tells it', () => {
    expect(take(new Leader('ctrl-b'), '\u0002d')).toEqual([{command: 'detach'}]);
    expect(take(new Leader('ctrl-b'), `${Q}d`)).toEqual([`${Q}d`]);
    expect(take(new Leader('ctrl-q'), '\u001b[113;5ud')).toEqual([{command: 'detach'}]);
  });
});
