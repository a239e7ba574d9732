import type {Fault, Host} from '@boxyard/core/plugin-api';

interface EngineAnswer {
  readonly statusCode?: number;
  readonly code?: string;
  readonly json?: {readonly message?: string; readonly cause?: string};
  readonly message?: string;
}

const connectionFaults: Readonly<Record<string, Fault>> = {
  ENOENT: 'unavailable',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EPIPE: 'unavailable',
  ETIMEDOUT: 'timeout',
  EACCES: 'denied',
  EPERM: 'denied',
};
const statusFaults: Readonly<Record<number, Fault>> = {
  400: 'invalid',
  401: 'denied',
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
  503: 'unavailable',
};

/** podman says it with a 500, docker with a 400; what to do about it is the same. */
const NO_COMMAND = /no command or entrypoint|no command specified/i;

/** The engine's answer as a fault; `doing` is what was asked, in words for a person. A fault passes through as it is. */
export const faultOf = (host: Host, error: unknown, doing: string): Error => {
  const answer = (error ?? {}) as EngineAnswer;
  const text = answer.json?.message ?? answer.message ?? String(error);
  const code = faultCode(answer, text);
  if (NO_COMMAND.test(text))
    return host.fault('invalid', 'this image has no command of its own', {hint: 'boxyard run -- COMMAND', cause: error});
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  return host.fault(code, `${doing}: ${text.trim()}`, {cause: error});
};

const faultCode = (answer: EngineAnswer, text: string): Fault | undefined => {
  if (/no space left on device/i.test(text)) return 'no-space';
  if (answer.statusCode !== undefined) return statusFaults[answer.statusCode] ?? 'failed';
  return answer.code === undefined ? undefined : connectionFaults[answer.code];
};

/** True where the connection broke, not the call: the same question may be asked again. */
export const isConnectionLoss = (error: unknown): boolean => {
  const code = ((error as {cause?: unknown})?.cause as EngineAnswer | undefined)?.code ?? (error as EngineAnswer)?.code;
  return code !== undefined && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code);
};
