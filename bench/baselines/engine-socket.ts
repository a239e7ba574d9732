import {existsSync} from 'node:fs';
import type {Duplex} from 'node:stream';
import Docker from 'dockerode';
import type {Lab} from '../lab.ts';

export type EngineName = 'docker' | 'podman';

export const image = 'localhost/base:test';

const sockets: Readonly<Record<EngineName, string>> = {docker: '/var/run/docker.sock', podman: '/run/podman/podman.sock'};

/** An engine as somebody without Boxyard would drive it: dockerode on its socket. */
export interface RawEngine {
  readonly name: EngineName;
  readonly socket: string;
  /** A container that stays up. The lab removes it. */
  hold(): Promise<Docker.Container>;
  /** Creates and starts one; the time for removing it is nobody's. */
  createAndStart(network?: string): Promise<Docker.Container>;
  /** The name of a network that Boxyard has made to keep boxes apart; absent before it has. */
  privateNetwork(): Promise<string | undefined>;
  remove(container: Docker.Container): Promise<void>;
  /** A command in a held container: its output to the last byte and its exit code. */
  exec(container: Docker.Container, argv: readonly string[]): Promise<{readonly bytes: number; readonly code: number}>;
  /** A command at a terminal in a held container; its stream takes keys and gives output. The lab ends it. */
  terminal(container: Docker.Container, argv: readonly string[]): Promise<Duplex>;
  /** Runs a command in a container of its own and throws its output away; resolves to the bytes seen. */
  attachToNull(argv: readonly string[]): Promise<number>;
}

/** The engine, or why it cannot be used here. */
export async function rawEngine(lab: Lab, name: EngineName): Promise<RawEngine | {readonly missing: string}> {
  const socket = sockets[name];
  if (!existsSync(socket)) return {missing: `no ${socket}`};
  const docker = new Docker({socketPath: socket});
  try {
    await docker.getImage(image).inspect();
  } catch (error) {
    return {missing: `${name} has no ${image} (${(error as Error).message})`};
  }
  return drive(lab, name, socket, docker);
}

function drive(lab: Lab, name: EngineName, socket: string, docker: Docker): RawEngine {
  const remove = (container: Docker.Container) => container.remove({force: true}).then(() => {});
  const createAndStart = async (network?: string) => {
    const HostConfig = network === undefined ? {} : {NetworkMode: network};
    const container = await docker.createContainer({Image: image, Cmd: ['sleep', '100000'], HostConfig});
    lab.own(container, c => remove(c).catch(() => {}));
    await container.start();
    return container;
  };
  return {
    name,
    socket,
    hold: () => createAndStart(),
    createAndStart,
    async privateNetwork() {
      const found = await docker.listNetworks({filters: {label: ['io.boxyard.managed=true']}});
      return found[0]?.Name;
    },
    remove,
    exec: runExec,
    async terminal(container, argv) {
      const exec = await container.exec({Cmd: [...argv], AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true});
      return lab.own(await exec.start({hijack: true, stdin: true, Tty: true}), stream => stream.destroy());
    },
    async attachToNull(argv) {
      const container = await docker.createContainer({Image: image, Cmd: [...argv], HostConfig: {}});
      lab.own(container, c => remove(c).catch(() => {}));
      const stream = await container.attach({stream: true, stdout: true, stderr: true});
      const counted = countBytes(stream);
      await container.start();
      const bytes = await counted;
      await remove(container);
      return bytes;
    },
  };
}

async function runExec(container: Docker.Container, argv: readonly string[]): Promise<{bytes: number; code: number}> {
  const exec = await container.exec({Cmd: [...argv], AttachStdout: true, AttachStderr: true});
  const bytes = await countBytes(await exec.start({}));
  const {ExitCode: code} = await exec.inspect();
  return {bytes, code: code ?? -1};
}

/** Counts what arrives, engine's frame headers included, until the stream ends. */
function countBytes(stream: NodeJS.ReadableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.once('end', () => resolve(bytes));
    stream.once('error', reject);
  });
}
