import {Gauge, Histogram, Registry, collectDefaultMetrics, Counter} from 'prom-client';

/** Figures for Prometheus; no label ever holds a tenant's text. */
export interface Metrics {
  readonly registry: Registry;
  /** One answered request, by route name. */
  request(route: string, status: number, seconds: number): void;
  /** A figure read when it is asked for. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  counter(name: string, help: string): Counter;
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({register: registry, prefix: 'boxyard_'});
  const requests = new Histogram({
    name: 'boxyard_http_request_seconds',
    help: 'Time to the head of an answer',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return {
    registry,
    request: (route, status, seconds) => requests.observe({route, status: String(status)}, seconds),
    gauge(name, help, read) {
      const figure: Gauge = new Gauge({name, help, registers: [registry], collect: async () => figure.set(await read())});
    },
    counter: (name, help) => new Counter({name, help, registers: [registry]}),
    text: () => registry.metrics(),
  };
}
