import {afterEach, describe, expect, it, vi} from 'vitest';
import {Terminal, type TerminalState} from '../../../src/session-host/terminal/terminal.ts';
import {Looker, looksOf, plainScreen} from './looker.ts';

const size = {columns: 40, rows: 10};
const E = '\u001b';
const open: Terminal[] = [];

const scene = (detachedMs = 60_000) => {
  const typed: Buffer[] = [];
  const sizes: {columns: number; rows: number}[] = [];
  const states: TerminalState[] = [];
  const clock = {now: 1_000};
  let forsaken = 0;
  const terminal = new Terminal(size, {
    type: async bytes => void typed.push(bytes),
    resize: async next => void sizes.push(next),
    onState: state => states.push(state),
    onForsaken: () => (forsaken += 1),
    detachedMs,
    now: () => clock.now,
  });
  open.push(terminal);
  const look = (looker: Looker, more: {id?: string; mayType?: boolean; has?: number; size?: typeof size; window?: number} = {}) => {
    const view = terminal.open(
      {id: more.id ?? 'a', mayType: more.mayType ?? true, size: more.size ?? size, has: more.has, history: 0},
      looker,
    );
    looker.view = view;
    view.credit(more.window ?? 64 * 1024);
    return view;
  };
  return {terminal, typed, sizes, states, clock, look, text: () => Buffer.concat(typed).toString(), forsaken: () => forsaken};
};

afterEach(() => open.splice(0).forEach(terminal => terminal.close()));

const sees = (looker: Looker, text: string) =>
  vi.waitFor(async () => expect(await looker.looks()).toContain([...text].map(c => (c === ' ' ? ' ' : `${c}-1,-1,0,0`)).join('')), {
    timeout: 10_000,
  });

describe('a session’s terminal', () => {
  it('shows who comes later the same screen, and both what follows', async () => {
    const {terminal, look} = scene();
    const control = plainScreen(size);
    const first = new Looker(size);
    look(first);
    const say = async (text: string) => {
      control.write(text);
      await terminal.write(Buffer.from(text));
    };
    await say(`one\r\n${E}[31mtwo${E}[5;5H${E}[?1049hfull${E}[2;3H`);
    const second = new Looker(size);
    look(second, {id: 'b'});
    await say(`more${E}[?1049lback`);
    const wanted = await looksOf(control);
    for (const looker of [first, second]) await vi.waitFor(async () => expect(await looker.looks()).toBe(wanted), 10_000);
    expect(second.screens).toHaveLength(1);
  });

  it('never cuts a sequence: a redraw in the middle of one begins behind it', async () => {
    const {terminal, look} = scene();
    await terminal.write(Buffer.from(`text${E}[3`));
    const looker = new Looker(size);
    look(looker);
    await terminal.write(Buffer.from('1mred'));
    await sees(looker, 'text');
    await vi.waitFor(() => expect(looker.text).toContain(`${E}[31mred`), 10_000);
    expect(looker.output).toBe('text'.length + `${E}[31mred`.length);
  });

  it('goes on where a viewer was, without a redraw; but for one who missed a question, that must not be answered twice', async () => {
    const {terminal, look} = scene();
    const first = new Looker(size);
    const view = look(first);
    await terminal.write(Buffer.from('hello'));
    await vi.waitFor(() => expect(first.output).toBe(5), 10_000);
    terminal.leave(view);
    await terminal.write(Buffer.from(' world'));
    const again = new Looker(size);
    const second = look(again, {has: 5});
    await vi.waitFor(() => expect(again.text).toBe(' world'), 10_000);
    expect(again.screens).toHaveLength(0);
    terminal.leave(second);
    await terminal.write(Buffer.from(`${E}[6n!`));
    const third = new Looker(size);
    look(third, {has: 11});
    await vi.waitFor(() => expect(third.screens).toHaveLength(1), 10_000);
    expect(third.text).not.toContain(`${E}[6n`);
  });

  it('answers questions itself only while nobody’s terminal can', async () => {
    const {terminal, look, text} = scene();
    await terminal.write(Buffer.from(`${E}[6n`));
    await vi.waitFor(() => expect(text()).toBe(`${E}[1;1R`), 10_000);
    look(new Looker(size));
    await terminal.write(Buffer.from(`${E}[6n`));
    await terminal.write(Buffer.from('x'));
    await new Promise(resolve => setImmediate(resolve));
    expect(text()).toBe(`${E}[1;1R`);
  });

  it('takes every byte of input once, in order, however often it is sent', async () => {
    const {terminal, look, text} = scene();
    const view = look(new Looker(size));
    expect(await terminal.type(view, 0, Buffer.from('abc'))).toBe(3);
    expect(await terminal.type(view, 0, Buffer.from('abcd'))).toBe(4);
    expect(await terminal.type(view, 6, Buffer.from('gh'))).toBe(4);
    terminal.leave(view);
    const again = look(new Looker(size));
    expect(terminal.took(again)).toBe(4);
    void terminal.type(again, 2, Buffer.from('cdefgh'));
    expect(text()).toBe('abcdefgh');
  });

  it('has one who types; the others’ input is dropped; control is taken, or falls to who is left', async () => {
    const {terminal, look, text} = scene();
    const a = look(new Looker(size));
    const b = look(new Looker(size), {id: 'b'});
    const guest = look(new Looker(size), {id: 'g', mayType: false});
    void terminal.type(b, 0, Buffer.from('no'));
    void terminal.type(guest, 0, Buffer.from('no'));
    void terminal.type(a, 0, Buffer.from('1'));
    expect(terminal.control(guest)).toBe(false);
    expect(terminal.control(b)).toBe(true);
    void terminal.type(a, 1, Buffer.from('no'));
    void terminal.type(b, 2, Buffer.from('2'));
    terminal.leave(b);
    expect(terminal.controls(a)).toBe(true);
    void terminal.type(a, 3, Buffer.from('3'));
    expect(text()).toBe('123');
  });

  it('has the size of who controls, and makes one change of a storm', async () => {
    const {terminal, look, sizes} = scene();
    const a = look(new Looker(size));
    const b = look(new Looker({columns: 20, rows: 5}), {id: 'b', size: {columns: 20, rows: 5}});
    for (let n = 0; n < 1_000; n += 1) terminal.resize(a, {columns: 50 + (n % 7), rows: 20});
    terminal.resize(a, {columns: 77, rows: 22});
    await vi.waitFor(() => expect(sizes).toEqual([{columns: 77, rows: 22}]), 10_000);
    terminal.control(b);
    await vi.waitFor(() => expect(sizes.at(-1)).toEqual({columns: 20, rows: 5}), 10_000);
  });

  it('redraws who fell behind, and waits for nobody', async () => {
    const {terminal, look} = scene();
    const stuck = new Looker(size, 0);
    look(stuck, {window: 100});
    const other = new Looker(size);
    look(other, {id: 'b'});
    for (let n = 0; n < 2_000; n += 1) await terminal.write(Buffer.from(`${'x'.repeat(1_500)} line ${n}\r\n`));
    await sees(other, 'line 1999');
    expect(stuck.received).toBeLessThanOrEqual(100);
    stuck.view?.credit(10_000_000);
    await sees(stuck, 'line 1999');
    expect(stuck.received).toBeLessThan(1_500_000);
    expect(stuck.screens.length).toBeGreaterThan(1);
  });

  it('gives its viewers the last byte, then its end', async () => {
    const {terminal, look} = scene();
    const looker = new Looker(size, 7);
    look(looker, {window: 7});
    await terminal.write(Buffer.from('the last words'));
    terminal.end();
    await vi.waitFor(() => expect(looker.length).toBe(looker.received), 10_000);
    expect(looker.text.endsWith('words') || looker.screens.length > 0).toBe(true);
    await sees(looker, 'the last words');
  });

  it('says now and then what it wrote last while it goes on writing', async () => {
    const {terminal, states, clock} = scene();
    await terminal.write(Buffer.from('one\r\n'));
    clock.now += 6_000;
    await vi.waitFor(() => expect(states.at(-1)).toMatchObject({lastLine: 'one', attention: {is: 'busy'}}), {timeout: 10_000});
    const told = states.length;
    clock.now += 1_000;
    await terminal.write(Buffer.from('two\r\n'));
    clock.now += 5_000;
    await vi.waitFor(() => expect(states.at(-1)?.lastLine).toBe('two'), {timeout: 10_000});
    expect(states.length).toBe(told + 1);
  });

  it('asks when a bell rings or a notification comes, until somebody types', async () => {
    const {terminal, look, states, clock} = scene();
    const view = look(new Looker(size));
    await terminal.write(Buffer.from(`working\r\n${E}]0;my title\u0007`));
    expect(states.at(-1)?.attention.is).toBe('busy');
    clock.now += 20_000;
    await vi.waitFor(() => expect(states.at(-1)?.attention.is).toBe('quiet'), {timeout: 10_000});
    await terminal.write(Buffer.from(`${E}]9;Which file?\u0007`));
    expect(states.at(-1)).toMatchObject({attention: {is: 'asks', saying: 'Which file?'}, title: 'my title'});
    void terminal.type(view, 0, Buffer.from(`${E}[1;1R`));
    expect(states.at(-1)?.attention.is).toBe('asks');
    void terminal.type(view, terminal.took(view), Buffer.from('y'));
    expect(states.at(-1)?.attention.is).toBe('busy');
    await vi.waitFor(() => expect(terminal.state.lastLine).toBe('working'), 10_000);
  });

  it('says when nobody has looked on for long', async () => {
    const {terminal, look, clock, forsaken} = scene(1_000);
    const view = look(new Looker(size));
    clock.now += 5_000;
    await new Promise(resolve => setTimeout(resolve, 1_100));
    expect(forsaken()).toBe(0);
    terminal.leave(view);
    clock.now += 2_000;
    await vi.waitFor(() => expect(forsaken()).toBeGreaterThan(0), {timeout: 10_000});
  });

  it('gives control back to who comes again after a break, unless another has typed or taken it meanwhile', async () => {
    const {terminal, look, text} = scene();
    const again = (view: ReturnType<typeof look>, id: string) => {
      terminal.leave(view);
      return () => look(new Looker(size), {id});
    };
    const a = look(new Looker(size), {id: 'a'});
    const b = look(new Looker(size), {id: 'b'});
    void terminal.type(a, 0, Buffer.from('1'));
    const comes = again(a, 'a');
    expect(terminal.controls(b)).toBe(true);
    const back = comes();
    expect([terminal.controls(back), terminal.controls(b)]).toEqual([true, false]);
    const comesLate = again(back, 'a');
    void terminal.type(b, 0, Buffer.from('2'));
    const late = comesLate();
    expect([terminal.controls(late), terminal.controls(b)]).toEqual([false, true]);
    expect(text()).toBe('12');
  });

  it('draws anew for who has more than there was, or has what was drawn before another size', async () => {
    const {terminal, look} = scene();
    const first = new Looker(size);
    const view = look(first);
    await terminal.write(Buffer.from('hello'));
    const ahead = new Looker(size);
    look(ahead, {id: 'b', has: 1_000});
    await sees(ahead, 'hello');
    terminal.resize(view, {columns: 20, rows: 5});
    await vi.waitFor(() => expect(terminal.state.size).toEqual({columns: 20, rows: 5}), 10_000);
    terminal.resize(view, size);
    await vi.waitFor(() => expect(terminal.state.size).toEqual(size), 10_000);
    const before = new Looker(size);
    look(before, {id: 'c', has: 5});
    await sees(before, 'hello');
  });

  it('counts what each of very many has typed', async () => {
    const {terminal, look, text} = scene();
    const first = look(new Looker(size), {id: 'first'});
    void terminal.type(first, 0, Buffer.from('abc'));
    for (let n = 0; n < 500; n += 1) void terminal.type(look(new Looker(size), {id: `${n}`}), 0, Buffer.from('no'));
    terminal.leave(first);
    const again = look(new Looker(size), {id: 'first'});
    expect(terminal.took(again)).toBe(3);
    void terminal.type(again, 1, Buffer.from('bcd'));
    expect(text()).toBe('abcd');
  });
});
