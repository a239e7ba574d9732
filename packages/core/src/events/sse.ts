import type {ServerResponse} from 'node:http';
import type {z} from 'zod';
import type {Gauge} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Http} from '../rim/http.ts';
import type {EventService} from '../services.ts';

const PING_MS = 15_000;
const GAUGE_MS = 1_000;
/** A client this far behind is let go; it comes back with its last id. */
const MOST_BUFFERED = 4 * 1024 * 1024;

/** `GET /v1/events`: facts with their `seq` as id, gauges without, one a second per object, a comment every 15 s. */
export function addEventRoutes(http: Http, events: EventService): void {
  http.route('events', async ({session, headers, signal, stream}) => {
    const after = lastEventId(headers['last-event-id']);
    const sink = createSink(signal);
    const unfollow = await events.follow(session.tenant, after, {
      onPlace: seq => sink.write(`id: ${seq}\n\n`),
      onEvent: event => sink.write(`id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`),
      onReset: () => sink.write('event: reset\ndata: {}\n\n'),
      onGauge: gauge => sink.gauge(gauge),
    });
    signal.addEventListener('abort', unfollow, {once: true});
    if (signal.aborted) return unfollow();
    sink.open(stream({'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no'}));
  });
}

function lastEventId(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined || header === '') return undefined;
  if (typeof header !== 'string' || !/^[A-Za-z0-9-]{1,64}\.\d{1,16}$/.test(header))
    throw new BoxyardError('INVALID_INPUT', {field: 'Last-Event-ID', issue: 'expected the id of an event'});
  return header;
}

interface Sink {
  open(out: ServerResponse): void;
  write(text: string): void;
  gauge(gauge: z.infer<typeof Gauge>): void;
}

/** Keeps what comes before the head is sent, and of each object's gauges within a second only the latest. */
function createSink(signal: AbortSignal): Sink {
  const early: string[] = [];
  const latest = new Map<string, z.infer<typeof Gauge>>();
  const recent = new Set<string>();
  let out: ServerResponse | undefined;
  const write = (text: string) => {
    if (out === undefined) return void early.push(text);
    if (out.writableLength > MOST_BUFFERED) return void out.destroy();
    out.write(text);
  };
  const show = (gauge: z.infer<typeof Gauge>) => {
    recent.add(gauge.object);
    write(`event: gauge\ndata: ${JSON.stringify(gauge)}\n\n`);
  };
  const everySecond = () => {
    recent.clear();
    for (const gauge of latest.values()) show(gauge);
    latest.clear();
  };
  const timers = [setInterval(everySecond, GAUGE_MS), setInterval(() => write(': ping\n\n'), PING_MS)];
  signal.addEventListener('abort', () => timers.forEach(timer => clearInterval(timer)), {once: true});
  return {
    write,
    open(response) {
      out = response;
      out.write(': welcome\n\n');
      for (const text of early.splice(0)) write(text);
    },
    gauge: gauge => (recent.has(gauge.object) ? void latest.set(gauge.object, gauge) : show(gauge)),
  };
}
