import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {baseImage, run, waitFor} from './up.ts';

/**
 * `worker install` on a real systemd: process 1 of a container that sees this machine's programs and the repository, read-only,
 * and whose /etc and /run are its own. Needs root and podman.
 */
const repository = join(import.meta.dirname, '..');
const systemd = '/usr/lib/systemd/systemd';
const conf = join(mkdtempSync(join(tmpdir(), 'systemd-test-')), 'containers.conf');
writeFileSync(conf, '[containers]\ndefault_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]\n[engine]\nruntime = "runc"\n');
afterAll(() => rmSync(dirname(conf), {recursive: true}));

/** As the machine is set up, or as Boxyard sets podman up where no container starts that way. */
let settings: Record<string, string> = {};
const podman = (args: readonly string[], within = 60_000) =>
  run(['podman', ...args], {within, env: {PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/root', ...settings}});

const whyNot = await reasonNotTo();
if (whyNot !== undefined) console.log(`skipped: no systemd of our own: ${whyNot}`);

async function reasonNotTo(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root';
  if (!existsSync(systemd)) return `no ${systemd}`;
  if ((await run(['getent', 'passwd', 'boxyard-job'])).code !== 0) return 'no user boxyard-job';
  let said = '';
  for (settings of [{}, {CONTAINERS_CONF: conf}]) {
    const tried = await podman(['run', '--rm', '--network', 'none', baseImage, 'true']).catch((error: Error) => ({
      code: 1,
      stderr: error.message,
    }));
    if (tried.code === 0) return undefined;
    said = tried.stderr.trim();
  }
  return `podman starts no container: ${said}`;
}

class Machine implements AsyncDisposable {
  readonly #name = `boxyard-systemd-${process.pid}-${Date.now().toString(36)}`;

  static async boot(): Promise<Machine> {
    const machine = new Machine();
    const shared = ['/usr', '/lib', '/lib64', '/sbin', '/etc/passwd', '/etc/group', repository].flatMap(path => [
      '-v',
      `${path}:${path}:ro`,
    ]);
    const own = ['/run', '/tmp', '/etc'].flatMap(path => ['--tmpfs', path]);
    const flags = ['--name', machine.#name, '--cap-add', 'SYS_ADMIN', '--systemd=always', '--network', 'none', ...own, ...shared];
    const made = await podman(['run', '-d', ...flags, baseImage, systemd, '--unit=basic.target']);
    if (made.code !== 0) await machine[Symbol.asyncDispose]();
    expect(made.code, made.stderr).toBe(0);
    await waitFor(async () => (await machine.sh('systemctl is-active basic.target')).stdout.trim() === 'active', {
      within: 30_000,
      what: 'systemd has started',
    });
    return machine;
  }

  sh(script: string, within = 60_000) {
    const prelude = `export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/tmp/worker XDG_RUNTIME_DIR=/tmp
      user() { HOME=/tmp/user ${repository}/bin/boxyard "$@"; }; worker() { ${repository}/bin/boxyard worker "$@"; }`;
    return podman(['exec', this.#name, 'sh', '-c', `${prelude}\n${script}`], within);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await podman(['rm', '-f', '-t', '0', this.#name]);
  }
}

test.skipIf(whyNot !== undefined)(
  'an installed worker is restarted by systemd without a byte missing from its jobs, and uninstalled without a trace',
  async () => {
    await using machine = await Machine.boot();
    const joined = await machine.sh(
      `mkdir -p /tmp/user /tmp/worker && user up -d --listen 127.0.0.1:4240 && user workers invite -q > /tmp/invitation &&
       worker join --name served --engine process --label disk=fast --install < /tmp/invitation`,
    );
    expect(joined.code, joined.stderr).toBe(0);
    await waitFor(async () => (await machine.sh('user workers list -o json')).stdout.includes('"disk": "fast"'), {
      within: 30_000,
      what: 'the installed worker is there, with its flags',
    });
    const count = 'i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; exit 7';
    const job = machine.sh(`user run --worker served --engine process -- sh -c '${count}'`);
    await waitFor(async () => (await machine.sh('cat /tmp/worker/.local/share/boxyard/agent/host-*.pid')).code === 0, {
      within: 20_000,
      what: 'the job runs',
    });
    const before = (await machine.sh('systemctl show -P MainPID boxyard-worker')).stdout;
    const scope = await machine.sh('cat /proc/$(cat /tmp/worker/.local/share/boxyard/agent/host-*.pid)/cgroup');
    expect(scope.stdout).toMatch(/\.scope$/m);
    expect(scope.stdout).not.toContain('boxyard-worker.service');
    expect((await machine.sh('systemctl restart boxyard-worker')).code).toBe(0);
    await machine.sh('systemctl kill -s KILL boxyard-worker');
    const ran = await job;
    expect({code: ran.code, stdout: ran.stdout}, ran.stderr).toEqual({
      code: 7,
      stdout: Array.from({length: 60}, (_, index) => `line ${index}\n`).join(''),
    });
    await waitFor(async () => (await machine.sh('systemctl is-active boxyard-worker')).stdout.trim() === 'active', {
      within: 20_000,
      what: 'systemd has started the worker again',
    });
    expect((await machine.sh('systemctl show -P MainPID boxyard-worker')).stdout).not.toBe(before);
    expect((await machine.sh('systemctl is-enabled boxyard-worker')).stdout.trim()).toBe('enabled');
    const gone = await machine.sh('worker uninstall; systemctl is-active boxyard-worker; ls /etc/systemd/system; worker uninstall');
    expect(gone.stdout).toMatch(/^inactive$/m);
    expect(gone.stdout).not.toContain('boxyard-worker.service');
    expect(gone.stderr.trim().split('\n').slice(-2)).toEqual([expect.stringContaining('DevBoxes stay.'), 'There is no such service.']);
  },
  180_000,
);
