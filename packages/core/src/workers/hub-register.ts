import type {FromAgent} from '../protocol/index.ts';
import type {AgentLink} from './agent-link.ts';
import {imagesOf} from '../images/rules.ts';
import type {HubDeps} from './hub-deps.ts';
import {boundedHeartbeat, registrationOf} from './rules-registration.ts';

type Message<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;

/** What the machine has; written only where it differs, so that reconnecting costs nothing. */
export async function onRegister(deps: HubDeps, link: AgentLink, message: Message<'worker.register'>): Promise<void> {
  const registration = registrationOf(message);
  const {worker} = link.identity;
  const after = await deps.workers.update(worker, record => {
    if (JSON.stringify(record.registration) === JSON.stringify(registration)) return undefined;
    return {
      after: {...record, registration},
      fact: {
        type: 'worker.registered',
        actor: `worker:${record.name}`,
        data: {engines: registration.engines.filter(engine => engine.usable).map(engine => engine.name)},
      },
    };
  });
  if (after === undefined) return;
  const entry = deps.table.set(after);
  entry.used = await deps.workers.used(worker);
  deps.nudge([`w:${worker}`]);
}

/** Which images are there: a preference of placement, and how a name without a registry is found. */
export function learnImages(deps: Pick<HubDeps, 'table'>, link: AgentLink, answer: unknown): void {
  const entry = deps.table.get(link.identity.worker);
  if (entry !== undefined && answer !== undefined) entry.images = new Set(imagesOf(answer).flatMap(image => image.refs));
}

/** Live figures: the newest only, never a fact (R18). A disk that is full or free again changes what fits. */
export async function onHeartbeat(deps: HubDeps, link: AgentLink, message: Message<'worker.heartbeat'>): Promise<void> {
  const entry = deps.table.get(link.identity.worker);
  if (entry === undefined) return;
  const wasFull = entry.heartbeat?.diskPressure === true;
  const heartbeat = boundedHeartbeat(message);
  entry.heartbeat = heartbeat;
  entry.heartbeatAt = deps.store.rim.clock.now();
  const {type: _type, ...values} = heartbeat;
  deps.onGauge(link.identity.tenant, `workers/${link.identity.worker}`, values);
  if (wasFull && message.diskPressure !== true) deps.nudge([`w:${link.identity.worker}`]);
}
