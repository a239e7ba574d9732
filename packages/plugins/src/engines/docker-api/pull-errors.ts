import type {Host} from '@boxyard/core/plugin-api';
import {faultOf} from './errors.ts';

/**
 * Why a pull failed. Engines have no codes for it, so their words are read, here only; the test holds the real texts.
 * Order matters: a registry that denies what does not exist says both.
 */
const READINGS = [
  {words: /no space left on device/i, fault: 'no-space', say: () => 'no space left'},
  {
    words: /manifest unknown|not found: manifest|manifest for .* not found|name unknown|repository name not known/i,
    fault: 'not-found',
    say: (ref: string) => `${ref}: no such image`,
  },
  {
    words: /repository does not exist or may require|requested access to the resource is denied|invalid username\/password/i,
    fault: 'not-found',
    say: (ref: string) => `${ref}: no such image, or it is private`,
  },
  {
    words: /unauthorized|authentication required|access denied|denied: |403 Forbidden|no basic auth credentials/i,
    fault: 'denied',
    say: (ref: string) => `the registry refused the pull of ${ref}`,
  },
  {
    words: /no such host|temporary failure in name resolution|server misbehaving|lookup .* (?:on|i\/o)/i,
    fault: 'unavailable',
    say: () => 'DNS',
  },
  {words: /x509|certificate|tls: /i, fault: 'unavailable', say: () => 'its certificate is not trusted'},
  {words: /connection refused/i, fault: 'unavailable', say: () => 'connection refused'},
  {words: /i\/o timeout|deadline exceeded|TLS handshake timeout|Client\.Timeout/i, fault: 'timeout', say: () => 'no answer'},
  {words: /network is unreachable|no route to host|connection reset|EOF$/i, fault: 'unavailable', say: () => 'network'},
  {words: /invalid reference format|invalid repository name/i, fault: 'invalid', say: (ref: string) => `${ref} is not an image name`},
] as const;

export const pullFault = (host: Host, error: unknown, ref: string): Error => {
  const {json, message} = error as {json?: {message?: string}; message?: string};
  const text = json?.message ?? message ?? String(error);
  const reading = READINGS.find(({words}) => words.test(text));
  if (reading === undefined)
    return (error as Error).name === 'EngineReport' ? host.fault('failed', text, {cause: error}) : faultOf(host, error, `pull ${ref}`);
  return host.fault(reading.fault, reading.say(ref), {cause: error});
};
