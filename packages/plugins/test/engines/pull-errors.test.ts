import {expect, it} from 'vitest';
import {createHost} from '@boxyard/core/plugin-host';
import {EngineReport} from '../../src/engines/docker-api/engine-events.ts';
import {pullFault} from '../../src/engines/docker-api/pull-errors.ts';

const host = createHost('docker', '/nowhere', () => undefined);
const ref = 'docker.io/library/debain:12';

/** What engines have said, word for word. */
it.each([
  ['unavailable', 'DNS', 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host'],
  [
    'unavailable',
    'DNS',
    'initializing source docker://quay.io/x/y:1: pinging container registry quay.io: Get "https://quay.io/v2/": dial tcp: lookup quay.io: Temporary failure in name resolution',
  ],
  ['unavailable', 'connection refused', 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'],
  [
    'timeout',
    'no answer',
    'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  ],
  ['timeout', 'no answer', 'Get "https://registry-1.docker.io/v2/": dial tcp 1.2.3.4:443: i/o timeout'],
  ['unavailable', 'certificate', 'Get "https://nas:5000/v2/": x509: certificate signed by unknown authority'],
  ['not-found', 'no such image', 'manifest for debian:12x not found: manifest unknown: manifest unknown'],
  [
    'not-found',
    'no such image',
    'initializing source docker://localhost:5000/no:1: reading manifest 1 in localhost:5000/no: manifest unknown',
  ],
  [
    'not-found',
    'private',
    "pull access denied for debain, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  ],
  ['denied', 'refused', 'Head "https://ghcr.io/v2/owner/name/manifests/1": unauthorized'],
  ['denied', 'refused', 'initializing source docker://ghcr.io/owner/name:1: reading manifest 1 in ghcr.io/owner/name: denied: denied'],
  ['denied', 'refused', 'unauthorized: authentication required'],
  ['no-space', 'space', 'write /var/lib/docker/tmp/GetImageBlob1: no space left on device'],
])('%s (%s): %s', (fault, words, text) => {
  const error = pullFault(host, new EngineReport(text), ref) as Error & {fault: string};
  expect(error.fault).toBe(fault);
  expect(error.message).toContain(words);
});

it('what nobody has read yet is passed on in the engine’s words', () => {
  expect(pullFault(host, new EngineReport('something new'), ref)).toMatchObject({fault: 'failed', message: 'something new'});
});
