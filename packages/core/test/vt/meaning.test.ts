import {describe, expect, it, test} from 'vitest';
import {VtTokens, isHarmless, isQuery, isTyping, noticeOf, titleOf, type VtToken} from '../../src/vt/index.ts';

const ESC = '\u001b';
const one = (text: string): VtToken => {
  const all = new VtTokens().push(Buffer.from(text));
  expect(all).toHaveLength(1);
  return all[0]!;
};

describe('a call for the person', () => {
  it.each([
    ['\u0007', ''],
    [`${ESC}]9;Build done\u0007`, 'Build done'],
    [`${ESC}]777;notify;Claude;waits for you${ESC}\\`, 'Claude: waits for you'],
    [`${ESC}]99;;Hello${ESC}\\`, 'Hello'],
    [`${ESC}]99;i=1:d=0:p=body;Hello; you${ESC}\\`, 'Hello; you'],
    [`${ESC}]99;e=1;${Buffer.from('näh').toString('base64')}${ESC}\\`, 'näh'],
  ])('%j says %j', (bytes, text) => expect(noticeOf(one(bytes))).toBe(text));

  it.each([
    `${ESC}]9;4;1;50\u0007`,
    `${ESC}]0;title\u0007`,
    `${ESC}]777;other;x\u0007`,
    `${ESC}]99;i=1:p=?;${ESC}\\`,
    `${ESC}]99;i=1:p=close;${ESC}\\`,
    `${ESC}Pbell\u0007${ESC}\\`,
    'text',
  ])('is not %j', bytes => expect(noticeOf(one(bytes))).toBeUndefined());
});

describe('a question to the terminal', () => {
  it.each([
    '[c',
    '[0c',
    '[>c',
    '[=0c',
    '[5n',
    '[6n',
    '[?6n',
    '[?996n',
    '[?2026$p',
    '[>q',
    '[?u',
    '[18t',
    '[14t',
    ']10;?\u0007',
    ']4;1;?\u0007',
    ']52;c;?\u0007',
    'P$qm\u001b\\',
    'P+q544e\u001b\\',
    'Z',
  ])('is ESC %j', rest => expect(isQuery(one(ESC + rest))).toBe(true));
  it.each(['[m', '[31m', '[2J', '[?1c', '[0;0R', '[?25h', '[8;24;80t', ']0;is it?\u0007', ']8;;\u0007', '[1 q', '[u', '[s', '7'])(
    'is not ESC %j',
    rest => expect(isQuery(one(ESC + rest))).toBe(false),
  );
});

describe('what may reach the terminal of who looks on', () => {
  it.each(['[1;2H', '[?1049h', '7', ']8;;https://example.org\u0007', ']8;;\u0007', '[6n', ']11;?\u0007', 'P+q544e\u001b\\', '[18t'])(
    'is ESC %j',
    rest => expect(isHarmless(one(ESC + rest))).toBe(true),
  );
  it.each([
    ']52;c;aGk=\u0007',
    ']0;t\u0007',
    ']2;t\u0007',
    ']8;;file:///etc/passwd\u0007',
    ']10;#ff0000\u0007',
    ']1337;File=x\u0007',
    'P1;1|x\u001b\\',
    '_Ga=T;x\u001b\\',
    '[8;9;9t',
    '[21t',
    '[5i',
    ']52;c;?\u0007',
  ])('is not ESC %j', rest => expect(isHarmless(one(ESC + rest))).toBe(false));
});

test('only what a person typed is typing', () => {
  for (const typed of ['a', '\r', '\u0003', `${ESC}[A`, `${ESC}[200~x${ESC}[201~`, ESC, `${ESC}[<0;3;4M`, `${ESC}[6nx`])
    expect(isTyping(Buffer.from(typed)), typed).toBe(true);
  for (const own of [
    `${ESC}[3;4R`,
    `${ESC}[?64;1c`,
    `${ESC}[I`,
    `${ESC}[O`,
    `${ESC}]11;rgb:0/0/0\u0007`,
    `${ESC}P1$r0m${ESC}\\`,
    `${ESC}[?2026;2$y`,
    `${ESC}[<35;3;4M`,
  ])
    expect(isTyping(Buffer.from(own)), own).toBe(false);
});

test('the title is that of OSC 0 and 2', () => {
  expect(titleOf(one(`${ESC}]0;vi – a;b\u0007`))).toBe('vi – a;b');
  expect(titleOf(one(`${ESC}]2;x${ESC}\\`))).toBe('x');
  expect(titleOf(one(`${ESC}]1;x${ESC}\\`))).toBeUndefined();
});
