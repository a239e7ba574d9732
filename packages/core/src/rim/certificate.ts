import {
  X509Certificate,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {BoxyardError} from '../errors/index.ts';
import {openPrivate} from '../config/index.ts';
import {bitString, boolean, explicit, integer, objectId, octetString, sequence, set, time, utf8} from './der.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Hex SHA-256 of the public key (SPKI), as tickets carry it. */
  readonly fingerprint: string;
}

/** The certificate of this installation, made on the first call and kept in one 0600 file of `BLOB_DIR`. */
export function openCertificate(blobDir: string): Certificate {
  const file = join(blobDir, 'tls.pem');
  const make = () => {
    const {key, cert} = makeCertificate(new Date());
    return key + cert;
  };
  return split(openPrivate(file, make), file);
}

/** The person's own pair (`--tls-cert`, `--tls-key`). */
export function readCertificate(certFile: string, keyFile: string): Certificate {
  const cert = read(certFile);
  const key = read(keyFile);
  const fingerprint = fingerprintOf(cert, certFile);
  if (fingerprint !== spkiHash(createPublicKey(createPrivateKey(key))))
    throw new BoxyardError('CONFIG_INVALID', {file: keyFile, issue: `it is not the key of ${certFile}`});
  return {cert, key, fingerprint};
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BoxyardError('CONFIG_INVALID', {file, issue: 'it cannot be read'}, {cause: error});
  }
}

function split(pem: string, file: string): Certificate {
  const [key, cert] = [
    /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/,
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/,
  ].map(form => form.exec(pem)?.[0]);
  if (key === undefined || cert === undefined) throw new BoxyardError('CONFIG_INVALID', {file, issue: 'it holds no key and certificate'});
  return {key, cert, fingerprint: fingerprintOf(cert, file)};
}

function fingerprintOf(cert: string, file: string): string {
  try {
    return spkiHash(new X509Certificate(cert).publicKey);
  } catch (error) {
    throw new BoxyardError('CONFIG_INVALID', {file, issue: 'it is no certificate'}, {cause: error});
  }
}

const spkiHash = (key: KeyObject) =>
  createHash('sha256')
    .update(key.export({type: 'spki', format: 'der'}))
    .digest('hex');

const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));
const years = (from: Date, count: number) => new Date(Date.UTC(from.getUTCFullYear() + count, 0, 1));

/** Self-signed, EC P-256, good for twenty years: clients trust the key they were given, not the dates. */
export function makeCertificate(now: Date): Certificate {
  const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
  const name = sequence(set(sequence(objectId('2.5.4.3'), utf8('boxyard'))));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    name,
    sequence(time(years(now, -1)), time(years(now, 20))),
    name,
    publicKey.export({type: 'spki', format: 'der'}),
    explicit(3, extensions()),
  );
  const der = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/(.{64})(?!$)/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
  return {cert, key: String(privateKey.export({type: 'pkcs8', format: 'pem'})), fingerprint: spkiHash(publicKey)};
}

function extensions(): Buffer {
  const basicConstraints = sequence(objectId('2.5.29.19'), boolean(true), octetString(sequence()));
  const localhost = Buffer.from('localhost');
  const names = sequence(Buffer.concat([Buffer.from([0x82, localhost.length]), localhost]), Buffer.from([0x87, 4, 127, 0, 0, 1]));
  const serverAuth = sequence(objectId('2.5.29.37'), octetString(sequence(objectId('1.3.6.1.5.5.7.3.1'))));
  return sequence(basicConstraints, serverAuth, sequence(objectId('2.5.29.17'), octetString(names)));
}
