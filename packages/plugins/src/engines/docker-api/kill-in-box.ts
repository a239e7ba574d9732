import {killTree, findTree, type Marker} from '../process-tree.ts';
import {call, container, type Api} from './api.ts';
import {openHijacked} from './hijack.ts';

interface Kill {
  readonly box: string;
  readonly user?: string;
  readonly kind: NodeJS.Signals;
  readonly pid?: number;
}

/** Prints how many processes had the variable, and signals them. Its own environment has not got it. */
const SCRIPT = `n=0; for d in /proc/[0-9]*; do
  if cat $d/environ 2>/dev/null | tr '\\0' '\\n' | grep -qxF "$1"; then kill -s "$2" "\${d#/proc/}" 2>/dev/null && n=$((n+1)); fi
done; echo $n`;

/**
 * Signals every process in the box with this marker, and what descends from it: from this machine where its processes
 * can be seen and signalled, else by a second exec as the same user. The number of processes found.
 */
export const killInBox = async (api: Api, kill: Kill, marker: Marker): Promise<number> => {
  const roots = kill.pid === undefined || kill.pid <= 0 ? [] : [kill.pid];
  if ((await findTree(marker)).length > 0) return killTree(marker, kill.kind, roots);
  if (process.platform === 'linux' && process.getuid?.() === 0) return 0;
  return killByExec(api, kill, marker);
};

const killByExec = async (api: Api, kill: Kill, marker: Marker): Promise<number> => {
  const signal = AbortSignal.timeout(15_000);
  const Cmd = ['sh', '-c', SCRIPT, 'sh', `${marker.name}=${marker.value}`, kill.kind.replace('SIG', '')];
  const created = await call(api, `signal processes in ${kill.box}`, signal, () =>
    container(api, kill.box).exec({AttachStdout: true, Tty: true, Cmd, ...(kill.user === undefined ? {} : {User: kill.user})}),
  );
  const stream = await openHijacked(api.endpoint, {path: `/exec/${created.id}/start`, body: {Detach: false, Tty: true}}, signal);
  let text = '';
  for await (const part of stream) text += String(part);
  return Number.parseInt(text, 10) || 0;
};
