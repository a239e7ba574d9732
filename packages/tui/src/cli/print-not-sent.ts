import {boolean} from '@oclif/core/flags';
import type {UnsentRequest} from '@boxyard/core/client';
import type {Context} from './context.ts';

export const dryRun = boolean({
  description: 'check everything here, ask whether what is named exists, and print the request instead of sending it',
});

/** Values that are nobody's business on a screen or in a log. */
const hidden = (body: unknown): unknown => {
  if (typeof body !== 'object' || body === null) return body;
  const {secretEnv, value, secret, ...rest} = body as {secretEnv?: object; value?: unknown; secret?: unknown};
  return {
    ...rest,
    ...(secretEnv === undefined ? {} : {secretEnv: Object.fromEntries(Object.keys(secretEnv).map(key => [key, '(hidden)']))}),
    ...(value === undefined ? {} : {value: '(hidden)'}),
    ...(secret === undefined ? {} : {secret: '(hidden)'}),
  };
};

export async function printNotSent({print, say}: Context, {method, path, idempotencyKey, body}: UnsentRequest): Promise<void> {
  const request = {method, path, idempotencyKey, body: hidden(body), sent: false};
  const lines = body === undefined ? [] : [JSON.stringify(hidden(body), null, 2)];
  await print.value(request, [`${method} ${path}`, ...lines].join('\n'));
  say('Nothing was sent. The server may still refuse it, or find no worker for it.');
}
