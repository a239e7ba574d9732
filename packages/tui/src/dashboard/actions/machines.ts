import type {ImageView, WorkerView} from '@boxyard/core/api';
import {targetIds} from '../rows.ts';
import type {State} from '../state.ts';
import {deedAction, mayChange, type Action} from './action.ts';
import {ask, mayRun, unless} from './changing.ts';

const workers = (state: State): readonly WorkerView[] => targetIds(state).flatMap(id => state.data.workers.get(id) ?? []);
const images = (state: State): readonly ImageView[] => targetIds(state).flatMap(id => state.data.images.get(id) ?? []);

const ofWorkers = (state: State): boolean => workers(state).length > 0;

const workerPages = ['workers', 'worker'] as const;

const switched = (id: 'cordon' | 'drain', key: string, title: string): Action =>
  deedAction({
    id: `workers.${id}`,
    keys: [key],
    title,
    footer: id,
    on: workerPages,
    isOfRow: ofWorkers,
    danger: 'undo',
    needs: 'manage',
    when: unless(workers, 'There is no worker here.', () => undefined),
    deeds: state =>
      workers(state).map(worker => {
        const isOn = worker.status === (id === 'cordon' ? 'cordoned' : 'draining');
        return {do: `workers.${isOn ? 'un' : ''}${id}` as 'workers.cordon', worker: worker.name};
      }),
  });

export const workerActions: readonly Action[] = [
  deedAction({
    id: 'workers.invite',
    keys: ['i'],
    title: 'invite a machine',
    footer: 'invite',
    on: ['home', 'workers'],
    needs: 'manage',
    when: () => undefined,
    deeds: () => [{do: 'workers.invite'}],
  }),
  switched('cordon', 'C', 'no new work, and again to take it back'),
  switched('drain', 'E', 'let it run empty, and again to take it back'),
  {
    id: 'workers.label',
    keys: ['L'],
    title: 'set labels: key=value, key- takes one away',
    on: workerPages,
    isOfRow: ofWorkers,
    when: state => mayChange(state, 'manage') ?? unless(workers, 'There is no worker here.', () => undefined)(state),
    run: state => ask(state, {asks: 'label', worker: workers(state)[0]!.name}),
  },
  deedAction({
    id: 'workers.remove',
    keys: ['ctrl-x'],
    title: 'forget it',
    on: workerPages,
    isOfRow: ofWorkers,
    danger: 'name',
    needs: 'manage',
    when: unless(workers, 'There is no worker here.', () => undefined),
    deeds: state => workers(state).map(worker => ({do: 'workers.remove', worker: worker.name})),
    asks: (_state, names) => `Forget ${names}? Its credential ends; its DevBoxes stay on the machine.`,
  }),
];

export const imageActions: readonly Action[] = [
  {
    id: 'images.pull',
    keys: ['p'],
    title: 'pull an image',
    footer: 'pull',
    on: ['images'],
    when: mayRun,
    run: state => ask(state, {asks: 'pull'}),
  },
  deedAction({
    id: 'images.remove',
    keys: ['ctrl-x'],
    title: 'remove from its worker',
    on: ['images'],
    isOfRow: state => images(state).length > 0,
    danger: 'name',
    when: unless(images, 'There is no image here.', image => (image.refs.length === 0 ? 'It has no name to remove it by.' : undefined)),
    deeds: state =>
      images(state).map(image => ({do: 'images.remove', ref: image.refs[0] ?? '', worker: image.worker.name, engine: image.engine})),
    asks: (_state, names) => `Remove the image from ${names}? Type the name of the worker.`,
  }),
];
