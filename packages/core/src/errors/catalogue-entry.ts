/**
 * What is known of one kind of error. `blame`: input (fix what you wrote), environment (fix the
 * machine), bug (ours). `exit` is the CLI's exit code outside `run` and `exec` (cli.md point 15); `status` the HTTP status.
 */
export interface ErrorEntry {
  readonly blame: 'input' | 'environment' | 'bug';
  readonly retryable: boolean;
  readonly exit: number;
  readonly status: number;
  readonly message: (details: Record<string, unknown>) => string;
  readonly hint: (details: Record<string, unknown>) => string;
}

type Text = string | ((details: Record<string, unknown>) => string);
const text = (value: Text) => (typeof value === 'string' ? () => value : value);
export const entry = (
  blame: ErrorEntry['blame'],
  status: number,
  exit: number,
  message: Text,
  hint: Text,
  retryable = false,
): ErrorEntry => ({
  blame,
  retryable,
  exit,
  status,
  message: text(message),
  hint: text(hint),
});
export const input = (status: number, exit: number, message: Text, hint: Text = '') => entry('input', status, exit, message, hint);
export const environment = (status: number, exit: number, message: Text, hint: Text = '', retryable = false) =>
  entry('environment', status, exit, message, hint, retryable);
export const s = (value: unknown): string => (value === undefined ? '?' : typeof value === 'string' ? value : JSON.stringify(value));
