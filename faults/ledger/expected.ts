export interface LedgerPlan {
  readonly key: string;
  readonly lines: number;
  /** Lines a second; 0 is full speed. */
  readonly rate?: number;
  readonly exit?: number;
  readonly err?: boolean;
  readonly deaf?: boolean;
}

/** What `ledger.sh` says, byte for byte. */
export function expectedOutput({lines, err}: Pick<LedgerPlan, 'lines' | 'err'>): {stdout: string; stderr: string} {
  let sum = 1;
  const stdout: string[] = [];
  const stderr: string[] = [];
  for (let i = 0; i < lines; i += 1) {
    sum = (sum * 31 + i) % 2_147_483_647;
    stdout.push(`L${String(i).padStart(6, '0')} ${hex(sum)}\n`);
    if (err && i % 10 === 0) stderr.push(`E${String(i).padStart(6, '0')}\n`);
  }
  stdout.push(`end ${lines} ${hex(sum)}\n`);
  return {stdout: stdout.join(''), stderr: stderr.join('')};
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

/** The arguments that make `ledger.sh` do it. `mark` is a host directory, for the engine process alone. */
export const ledgerArguments = (plan: LedgerPlan, mark?: string): string[] => [
  ...['--key', plan.key, '--lines', String(plan.lines), '--rate', String(plan.rate ?? 0), '--exit', String(plan.exit ?? 0)],
  ...(plan.err ? ['--err'] : []),
  ...(plan.deaf ? ['--deaf'] : []),
  ...(mark === undefined ? [] : ['--mark', mark]),
];

/** Where two texts part, in words a person can use; undefined if they are equal. */
export function firstDifference(expected: string, got: string): string | undefined {
  if (expected === got) return undefined;
  const at = firstUnequal(expected, got);
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40));
  return `${got.length} bytes instead of ${expected.length}, unequal from byte ${at}: expected ${around(expected)}, got ${around(got)}`;
}

function firstUnequal(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i += 1) if (a[i] !== b[i]) return i;
  return most;
}
