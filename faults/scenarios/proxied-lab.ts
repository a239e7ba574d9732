import {Lab, type LabOptions} from '../lab/lab.ts';
import {TcpProxy} from '../primitives/tcp-proxy.ts';

export type ProxiedLab = Lab & {readonly link: TcpProxy};

/** A lab whose agents reach the server through one proxy, `link`. */
export async function proxiedLab(options: LabOptions = {}): Promise<ProxiedLab> {
  const lab = await Lab.open({...options, workers: []});
  try {
    const link = lab.own(await TcpProxy.listen({port: lab.server.port}));
    // The server answers only to the name it listens on, and what it thinks of Host headers is not what is tested here.
    link.renameHost = {from: `127.0.0.1:${link.port}`, to: `127.0.0.1:${lab.server.port}`};
    for (const [index, worker] of (options.workers ?? [{}]).entries())
      await lab.addWorker({name: `w${index + 1}`, ...worker, address: `127.0.0.1:${link.port}`});
    return Object.assign(lab, {link});
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}
