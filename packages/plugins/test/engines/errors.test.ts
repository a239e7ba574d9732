import {expect, it} from 'vitest';
import {createHost} from '@boxyard/core/plugin-host';
import {faultOf} from '../../src/engines/docker-api/errors.ts';

const host = createHost('docker', '/nowhere', () => undefined);

it.each([
  [400, 'no command specified'],
  [500, 'container create: no command or entrypoint provided, and no CMD or ENTRYPOINT from image'],
])('an image without a command of its own is invalid input with the way out, also where an engine says %d', (statusCode, message) => {
  const fault = faultOf(host, {statusCode, json: {message}}, 'create box b');
  expect(fault).toMatchObject({fault: 'invalid', message: 'this image has no command of its own', hint: 'boxyard run -- COMMAND'});
});
