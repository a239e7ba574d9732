import {parseRunning} from '../devboxes/rules-target.ts';
import type {DevBoxRecord} from '../devboxes/rules.ts';
import {BoxyardError} from '../errors/index.ts';
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
    const late = setTimeout(() => {
      stream.close();
      const {code, message, hint} = new BoxyardError('REQUEST_TIMEOUT', {seconds: openMs / 1_000});
      handlers.end({code, message, hint});
    }, openMs);
    late.unref();
    const stream = opening(
      () => clearTimeout(late),
      () =>
        openPort(
          worker,
          {...target, port},
          {
            data: bytes => handlers.data(bytes),
            credit: bytes => handlers.credit(bytes),
            over: () => handlers.over(),
            opened: () => (clearTimeout(late), handlers.opened()),
            end: error => (clearTimeout(late), handlers.end(error)),
          },
        ),
    );
    return {...stream, close: () => (clearTimeout(late), stream.close())};
  },
});

function opening(onFailure: () => void, open: () => PortStream): PortStream {
  try {
    return open();
  } catch (error) {
    onFailure();
    throw error;
  }
}
