import type {IncomingMessage} from 'node:http';

/** The token of a request: never from the query. A whole ticket line is taken as its secret part. */
export function bearerOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const match = /^Bearer +(\S{1,2000})$/i.exec(request.headers.authorization ?? '');
  const offered = match?.[1] ?? keyOf(request) ?? protocolToken(request);
  return offered?.slice(offered.lastIndexOf('_') + 1);
}

/** Of callers that can set one header of their own and no other. */
function keyOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const key = request.headers['x-api-key'];
  return typeof key === 'string' && /^\S{1,2000}$/.test(key) ? key : undefined;
}

function protocolToken(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(/, */);
  return offered.find(each => each.startsWith('boxyard.token.'))?.slice('boxyard.token.'.length);
}
