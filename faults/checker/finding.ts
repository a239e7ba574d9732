/** One broken promise, said so that a person can look further: which invariant, which job, what was expected and what was found. */
export interface Finding {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I5' | 'I6' | 'I7' | 'I8';
  readonly subject: string;
  readonly expected: string;
  readonly found: string;
}

export const describeFinding = ({invariant, subject, expected, found}: Finding): string =>
  `${invariant} ${subject}: expected ${expected}; found ${found}`;
