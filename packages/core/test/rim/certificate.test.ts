import {execFileSync} from 'node:child_process';
import {X509Certificate} from 'node:crypto';
import {mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect} from 'node:tls';
import {expect, test} from 'vitest';
import {makeCertificate, openCertificate, readCertificate} from '../../src/rim/certificate.ts';

function temporaryDir(): Disposable & {path: string} {
  const path = mkdtempSync(join(tmpdir(), 'bxc-'));
  return {path, [Symbol.dispose]: () => rmSync(path, {recursive: true, force: true})};
}

test('the certificate we make is one to node and signed by its own key', () => {
  const {cert} = makeCertificate(new Date());
  const parsed = new X509Certificate(cert);
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect([parsed.subject, parsed.ca, parsed.checkHost('localhost')]).toEqual(['CN=boxyard', false, 'localhost']);
  expect(new Date(parsed.validTo).getTime()).toBeGreaterThan(Date.now() + 10 * 365 * 86_400_000);
});

test('openssl reads it, verifies it and sees the same key', () => {
  using dir = temporaryDir();
  const {cert, fingerprint} = makeCertificate(new Date('2049-06-01'));
  const file = join(dir.path, 'c.pem');
  writeFileSync(file, cert);
  expect(execFileSync('openssl', ['x509', '-in', file, '-noout', '-enddate']).toString()).toContain('2069');
  const key = execFileSync('openssl', ['x509', '-in', file, '-noout', '-pubkey']);
  const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], {input: key});
  expect(execFileSync('openssl', ['dgst', '-sha256', '-r'], {input: der}).toString().slice(0, 64)).toBe(fingerprint);
});

test('it is made once, kept for its owner alone, and serves TLS', async () => {
  using dir = temporaryDir();
  const made = openCertificate(dir.path);
  expect(openCertificate(dir.path)).toEqual(made);
  expect(statSync(join(dir.path, 'tls.pem')).mode & 0o777).toBe(0o600);
  const server = createServer(made).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const socket = connect({port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: made.cert, servername: 'localhost'});
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  expect(socket.authorized).toBe(true);
  socket.destroy();
  server.close();
});

test('a person’s own pair must belong together', () => {
  using dir = temporaryDir();
  const [one, two] = [makeCertificate(new Date()), makeCertificate(new Date())];
  const [cert, right, wrong] = ['cert', 'right', 'wrong'].map(name => join(dir.path, name)) as [string, string, string];
  writeFileSync(cert, one.cert);
  writeFileSync(right, one.key);
  writeFileSync(wrong, two.key);
  expect(readCertificate(cert, right).fingerprint).toBe(one.fingerprint);
  expect(() => readCertificate(cert, wrong)).toThrow(/not the key/);
});
