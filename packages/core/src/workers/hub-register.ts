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
  const now = deps.store.rim.clock.now();
  entry.heartbeatAt = now;
  const {clock, ...figures} = boundedHeartbeat(message);
  entry.heartbeat = figures;
  const {type: _type, ...values} = figures;
  deps.onGauge(link.identity.tenant, `workers/${link.identity.worker}`, values);
  if (wasFull && message.diskPressure !== true) deps.nudge([`w:${link.identity.worker}`]);
  if (clock !== undefined) await noteSkew(deps, link, Math.round(clock - now));
}

const jumpMs = 2_000;

/** A wall clock that jumped, or was put right, since hello: written where it differs by more than a link's delay. */
async function noteSkew({workers, table}: HubDeps, {identity: {worker}}: AgentLink, clockSkewMs: number): Promise<void> {
  const isKnown = (record: {readonly clockSkewMs?: number | undefined}) => Math.abs((record.clockSkewMs ?? 0) - clockSkewMs) < jumpMs;
  const known = table.get(worker)?.record;
  if (known === undefined || isKnown(known)) return;
  const after = await workers.update(worker, record => (isKnown(record) ? undefined : {after: {...record, clockSkewMs}, fact: undefined}));
  if (after !== undefined) table.set(after);
}
