import {createHash, randomBytes} from 'node:crypto';
import {createServer, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {buffer} from 'node:stream/consumers';
import {gzipSync} from 'node:zlib';
import {pack} from 'tar-stream';

const TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
const PIECE = 256 * 1024;
const PIECE_MS = 250;
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface SmallRegistry {
  readonly address: string;
  /** `<address>/tools/one:1`, which is there; `tools/private` wants a login. */
  readonly image: string;
  close(): Promise<void>;
}

/** A registry on loopback in plain text with one image of random bytes, handed out slowly, so that it can be watched. */
export async function smallRegistry({bytes = 3_000_000, pieceMs = PIECE_MS} = {}): Promise<SmallRegistry> {
  const {manifest, blobs} = await makeImage(bytes);
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    if (url === '/v2/') return void response.end('{}');
    if (url.includes('/private/')) return refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
    const [, digest] = /\/blobs\/(sha256:[0-9a-f]+)$/.exec(url) ?? [];
    if (digest !== undefined) return void send(response, blobs.get(digest), {isHead: request.method === 'HEAD', pieceMs});
    if (/^\/v2\/tools\/one\/manifests\/(1|sha256:[0-9a-f]+)$/.test(url)) {
      response.writeHead(200, {
        'content-type': TYPES.manifest,
        'docker-content-digest': digestOf(manifest),
        'content-length': manifest.length,
      });
      return void response.end(request.method === 'HEAD' ? undefined : manifest);
    }
    refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  };
  return {address, image: `${address}/tools/one:1`, close};
}

const refuse = (response: ServerResponse, status: number, code: string, message: string): void => {
  response.writeHead(status, {'content-type': 'application/json'});
  response.end(JSON.stringify({errors: [{code, message}]}));
};

const send = async (
  response: ServerResponse,
  blob: Buffer | undefined,
  {isHead, pieceMs}: {readonly isHead: boolean; readonly pieceMs: number},
): Promise<void> => {
  if (blob === undefined) return refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown');
  response.writeHead(200, {'content-type': 'application/octet-stream', 'content-length': blob.length});
  for (let at = 0; !isHead && at < blob.length; at += PIECE) {
    response.write(blob.subarray(at, at + PIECE));
    if (blob.length > PIECE) await delay(pieceMs);
  }
  response.end();
};

async function makeImage(bytes: number): Promise<{manifest: Buffer; blobs: Map<string, Buffer>}> {
  const tar = pack();
  tar.entry({name: 'random'}, randomBytes(bytes));
  tar.finalize();
  const layer = await buffer(tar);
  const zipped = gzipSync(layer);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = {type: 'layers', diff_ids: [digestOf(layer)]};
  const config = Buffer.from(
    JSON.stringify({architecture, os: 'linux', config: {Cmd: ['/random']}, rootfs, history: [{created: '2026-01-01T00:00:00Z'}]}),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: {mediaType: TYPES.config, size: config.length, digest: digestOf(config)},
      layers: [{mediaType: TYPES.layer, size: zipped.length, digest: digestOf(zipped)}],
    }),
  );
  return {manifest, blobs: new Map([config, zipped].map(blob => [digestOf(blob), blob]))};
}
