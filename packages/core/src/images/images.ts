import type {z} from 'zod';
import type {ImageView} from '../api/index.ts';
import type {Query} from '../protocol/index.ts';
import type {ImageService} from '../services.ts';
import type {TableEntry, WorkerTable} from '../workers/table.ts';
import {fullImageName, imagesOf, parseCapabilities} from './rules.ts';

export interface ImageServiceDeps {
  readonly table: WorkerTable;
  readonly isConnected: (worker: string) => boolean;
  /** Asks one connected worker, 5 s at most. */
  readonly ask: (worker: string, of: Query) => Promise<unknown>;
}

type View = z.infer<typeof ImageView>;

/** There is no registry of ours: images are what the engines of connected workers say. */
export function createImageService(deps: ImageServiceDeps): ImageService {
  const connected = (tenant: string) => deps.table.ofTenant(tenant).filter(entry => deps.isConnected(entry.record.id));
  return {
    list: async tenant => {
      const entries = connected(tenant);
      const answers = await Promise.allSettled(entries.map(entry => deps.ask(entry.record.id, {ask: 'images.list'})));
      const items: View[] = [];
      const missing: string[] = [];
      for (const [at, answer] of answers.entries()) {
        const entry = entries[at]!;
        const {id, name} = entry.record;
        if (answer.status === 'rejected') {
          missing.push(name);
          continue;
        }
        const images = imagesOf(answer.value);
        entry.images = new Set(images.flatMap(image => image.refs));
        for (const {labels, ...image} of images)
          items.push({
            ...image,
            capabilities: parseCapabilities(labels['io.boxyard.capabilities']),
            managed: labels['io.boxyard.managed'] === 'true',
            worker: {id, name},
          });
      }
      return {items, missing};
    },
    check: (tenant, ref) => check(deps, connected(tenant), ref),
    find: async (tenant, {ref, worker, engine}) => {
      const named = connected(tenant).filter(({record}) => worker === undefined || record.id === worker || record.name === worker);
      const {workers} = await check(deps, named, ref);
      return workers.find(row => row.found && (engine === undefined || row.engine === engine));
    },
  };
}

/** Asks every connected worker about one name; an engine that could not say is shown with its reason. */
async function check(deps: ImageServiceDeps, entries: readonly TableEntry[], ref: string) {
  const full = fullImageName(ref, name => entries.some(entry => entry.images.has(name)));
  const perWorker = entries.map(async ({record}) => {
    const own = {worker: record.id, name: record.name};
    const engines = (record.registration?.engines ?? [])
      .filter(engine => engine.usable && engine.features.includes('images'))
      .map(engine => engine.name);
    try {
      const found = imagesOf(await deps.ask(record.id, {ask: 'image.check', ref: full}));
      return engines.map(engine => {
        const image = found.find(each => each.engine === engine);
        return {...own, engine, found: image !== undefined, ...(image === undefined ? {} : {id: image.id})};
      });
    } catch (error) {
      return engines.map(engine => ({
        ...own,
        engine,
        found: false,
        error: error instanceof Error ? error.message : 'it did not answer',
      }));
    }
  });
  return {ref: full, workers: (await Promise.all(perWorker)).flat()};
}
