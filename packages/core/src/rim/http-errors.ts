import {z} from 'zod';
import {BoxyardError, asBoxyardError, entryOf, isBoxyardError, toWire} from '../errors/index.ts';

/** Status, headers and body of the one error shape. Causes and stacks stay here. */
export function errorResponse(error: BoxyardError): {status: number; headers: Record<string, string>; body: string} {
  const {status} = entryOf(error.code);
  const retryAfter = status === 503 ? '2' : error.code === 'TOO_MANY_REQUESTS' ? String(error.details['retryAfter'] ?? 60) : undefined;
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...(retryAfter === undefined ? {} : {'retry-after': retryAfter}),
      ...(status === 401 ? {'www-authenticate': 'Bearer'} : {}),
    },
    body: JSON.stringify({error: toWire(error)}),
  };
}

/** Whatever was thrown, as an error of the catalogue; fastify's own refusals keep their meaning. */
export function asHttpError(thrown: unknown): BoxyardError {
  if (isBoxyardError(thrown)) return thrown;
  if (thrown instanceof z.ZodError) return fromZod(thrown);
  const {statusCode, code} = (thrown ?? {}) as {statusCode?: number; code?: string};
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new BoxyardError('BODY_TOO_LARGE', {limit: MAX_BODY_BYTES});
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return invalid('content-type', 'missing, or none that this route takes; that of JSON is application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return invalid('request', 'not valid HTTP');
  return asBoxyardError(thrown);
}

export const MAX_BODY_BYTES = 1024 * 1024;

/** The first issue, by the path of the field. Values are never repeated: one of them may be a secret. */
export function fromZod(error: z.ZodError): BoxyardError {
  const issue = error.issues[0];
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 3).join(', ') : undefined;
  const path = issue?.path.join('.') ?? '';
  if (keys !== undefined) return invalid([path, keys].filter(part => part !== '').join('.'), 'is not a known field');
  // Of a key that may not be, the reason is one level below.
  const reason = issue?.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return invalid(path === '' ? 'request' : path, (reason ?? issue?.message ?? 'not valid').replace(/\.$/, ''));
}

const invalid = (field: string, issue: string) => new BoxyardError('INVALID_INPUT', {field: field.slice(0, 200), issue});

/**
 * A connection that is closed on what is still being sent is reset, and the answer with it. Kept open, the rest is read and dropped,
 * and `watchBody` sees to it that this ends.
 */
export const dropTheRest = (reply: {removeHeader(name: string): unknown}): void => void reply.removeHeader('connection');
