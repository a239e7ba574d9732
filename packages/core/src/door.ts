import {ensureFirstTenant, type Reachable} from './access/access.ts';
import {BoxyardError} from './errors/index.ts';
import {openCertificate, readCertificate, type Certificate} from './rim/certificate.ts';
import {isLoopback, isWildcard, reachable} from './rim/http-hosts.ts';
import {createHttp, type Http, type HttpLog, type HttpOptions} from './rim/http.ts';
import {addRoutes, type RouteParts} from './routes.ts';

export interface ListenAt {
  readonly host: string;
  readonly port: number;
}

export interface DoorOptions extends RouteParts, Pick<HttpOptions, 'trustedProxies' | 'limits'> {
  readonly log: HttpLog;
  /** At least one; anything but loopback speaks TLS. */
  readonly listen: readonly ListenAt[];
  readonly blobDir: string;
  readonly tlsFiles?: {readonly cert: string; readonly key: string} | undefined;
  /** Where people reach us through a proxy. */
  readonly publicUrl?: string | undefined;
  /** How long the body of a request may take; milliseconds. */
  readonly bodyMs?: number | undefined;
  /** Plain text beyond loopback, for a proxy that speaks TLS; needs `publicUrl`. */
  readonly isInsecureBehindProxy?: boolean | undefined;
  /** The owner token of the person on this machine is kept here. */
  readonly localToken: string;
  /** The agents' socket and what else is not of /v1. */
  readonly addSockets: (http: Http) => void;
}

/**
 * Opens everything a client or an agent can reach, with Redis at hand: routes, listeners, certificate, the first tenant and its
 * local token. `PORT_BUSY`, `INSECURE_LISTEN`. Nothing stays open where it rejects.
 */
export async function openDoor(options: DoorOptions): Promise<Http> {
  const {access, metrics, log, publicUrl, bodyMs, trustedProxies, limits} = options;
  const beyond = options.listen.find(at => !isLoopback(at.host));
  if (options.isInsecureBehindProxy === true && beyond !== undefined && publicUrl === undefined)
    throw new BoxyardError('INSECURE_LISTEN', {address: `${beyond.host}:${beyond.port}`});
  const http = createHttp({gate: access.gate, log, publicUrl, bodyMs, trustedProxies, limits, onAnswer: metrics.request});
  try {
    options.addSockets(http);
    addRoutes(http, options);
    const tls = certificateFor(options, beyond !== undefined);
    for (const at of options.listen) await http.listen({...at, tls: isLoopback(at.host) ? undefined : tls});
    access.reachable = reachableBy(http, tls?.fingerprint);
    await ensureFirstTenant(access, options.localToken);
    return http;
  } catch (error) {
    await http.close();
    throw error;
  }
}

function certificateFor({tlsFiles, blobDir, isInsecureBehindProxy}: DoorOptions, isBeyond: boolean): Certificate | undefined {
  if (tlsFiles !== undefined) return readCertificate(tlsFiles.cert, tlsFiles.key);
  return isBeyond && isInsecureBehindProxy !== true ? openCertificate(blobDir) : undefined;
}

/** Lines carry one pin for all their addresses, so where some of them speak TLS the plain ones are left out. */
function reachableBy(http: Http, pin: string | undefined): Reachable {
  const isTls = http.listening.some(each => each.isTls);
  const near = http.listening.find(each => isLoopback(each.host)) ?? http.listening.find(each => isWildcard(each.host));
  const address = near === undefined ? undefined : isLoopback(near.host) ? reachable(near)[0]! : `127.0.0.1:${near.port}`;
  const local = near === undefined ? undefined : {address: address!, fingerprint: near.isTls ? pin : undefined};
  return {addresses: http.addresses(isTls), fingerprint: isTls ? pin : undefined, local};
}
