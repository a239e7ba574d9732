import {parseRunning} from '../devboxes/rules-target.ts';
import type {DevBoxRecord} from '../devboxes/rules.ts';
import {BoxyardError, toWire} from '../errors/index.ts';
import type {PortHandlers, PortService, PortStream, PortToOpen} from '../services.ts';

export interface PortDeps {
  readonly getDevBox: (tenant: string, devbox: string) => Promise<DevBoxRecord>;
  readonly openPort: (worker: string, request: PortToOpen, handlers: PortHandlers) => PortStream;
  /** How long the agent may take to say whether somebody listens. */
  readonly openMs: number;
}

/** Connections into DevBoxes, each with a deadline for its beginning. */
export const createPortService = ({getDevBox, openPort, openMs}: PortDeps): PortService => ({
  async find(tenant, devbox) {
    const record = await getDevBox(tenant, devbox);
    const {worker, engine, box} = parseRunning(record);
    return {worker, target: {tenant: record.tenant, engine, box}};
  },
  open({worker, target}, port, handlers) {
    let late: NodeJS.Timeout | undefined;
    const inTime = () => clearTimeout(late);
    const stream = openPort(
      worker,
      {...target, port},
      {
        opened: () => (inTime(), handlers.opened()),
        data: bytes => handlers.data(bytes),
        credit: bytes => handlers.credit(bytes),
        end: error => (inTime(), handlers.end(error)),
        over: () => handlers.over(),
      },
    );
    late = setTimeout(() => {
      stream.close();
      handlers.end(toWire(new BoxyardError('REQUEST_TIMEOUT', {seconds: openMs / 1_000})));
    }, openMs);
    return {...stream, close: () => (inTime(), stream.close())};
  },
});
