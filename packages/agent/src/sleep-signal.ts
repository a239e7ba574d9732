import {openBus, type Bus} from './dbus.ts';

const LOGIND = 'org.freedesktop.login1';
const MATCH = `type='signal',sender='${LOGIND}',interface='${LOGIND}.Manager',member='PrepareForSleep'`;
const SYSTEM_BUS = '/run/dbus/system_bus_socket';

/**
 * Hears from logind that the machine is about to sleep, and that it woke. Where there is no logind nothing is heard, and a
 * sleep is seen by its traces afterwards. No lock holds the machine up: what is not done in time is done on waking.
 */
export class SleepSignal {
  readonly #onSleep: (isGoing: boolean) => void;
  #bus: Bus | undefined;
  #isStopped = false;

  constructor(onSleep: (isGoing: boolean) => void) {
    this.#onSleep = onSleep;
  }

  /** Resolves when it listens, or when there is nothing to listen to; why is the answer then. */
  async start(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
    const path = /^unix:path=([^,;]+)/.exec(env['DBUS_SYSTEM_BUS_ADDRESS'] ?? '')?.[1] ?? SYSTEM_BUS;
    try {
      const bus = await openBus(
        path,
        ({interface: of, member, first}) => {
          if (of === `${LOGIND}.Manager` && member === 'PrepareForSleep') this.#onSleep(first === 1);
        },
        () => (this.#bus = undefined),
      );
      if (this.#isStopped) return void bus.close();
      this.#bus = bus;
      bus.send({path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'AddMatch', body: [MATCH]});
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#bus?.close();
  }
}
