import type {DevBoxView, EventView, ImageView, JobView, WorkerView} from '@boxyard/core/api';
import {formatBytes} from '../../output/amounts.ts';
import {commandText, statusText} from '../../output/views/jobs.ts';
import {terminalName} from '../../output/views/terminals.ts';
import {cpuText, diskText, enginesText, memoryText, memoryUsed} from '../../output/views/workers.ts';
import {ageText} from '../ages.ts';
import {imageKey, isLiveSession} from '../data.ts';
import type {PageName} from '../places.ts';
import type {CommandLine, Message, Setting} from '../state.ts';
import type {Tone} from '../theme.ts';
import type {PageColumn} from './columns.ts';
import {clusters, plugins, roles, webhooks} from './admin-tables.ts';
import {displays} from './displays.ts';
import {attentionTone, boxCpu, boxMemory, boxTone, branchOf, doing, jobTone, roleName, saying, whyOf, workerTone} from './facts.ts';
import {list, page, type TablePage} from './table-page.ts';

const workers = page<WorkerView>({
  title: 'Workers',
  empty: 'No workers. i invites a machine; boxyard up makes one of this.',
  items: list(data => data.workers),
  id: worker => worker.id,
  tone: workerTone,
  labels: worker => worker.labels,
  detail: 'worker',
  columns: [
    {title: 'NAME', width: 10, grow: 1, cell: worker => worker.name},
    {title: 'STATUS', width: 11, cell: worker => worker.status},
    {title: 'CPU', width: 4, align: 'right', cell: cpuText, order: worker => worker.heartbeat?.cpuUsage ?? -1},
    {title: 'MEMORY', width: 18, align: 'right', cell: memoryText, order: worker => memoryUsed(worker) ?? -1},
    {title: 'DISK', width: 13, align: 'right', spare: true, cell: diskText, order: worker => worker.heartbeat?.diskFree ?? -1},
    {title: 'BOXES', width: 5, align: 'right', cell: worker => String(worker.devboxes), order: worker => worker.devboxes},
    {title: 'ENGINES', width: 14, spare: true, cell: enginesText},
    {
      title: 'SEEN',
      width: 4,
      align: 'right',
      cell: (worker, now) => ageText(worker.lastHeartbeatAt, now),
      order: worker => worker.lastHeartbeatAt ?? '',
    },
    {title: 'GATEWAY', width: 8, spare: true, cell: worker => worker.heartbeat?.gatewayStatus ?? '-'},
    {title: 'TENANT', width: 8, spare: true, cell: worker => worker.tenant},
    {
      title: 'LABELS',
      width: 8,
      grow: 2,
      spare: true,
      cell: ({labels}) =>
        Object.entries(labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(' '),
    },
  ],
});

const devboxes = page<DevBoxView>({
  title: 'DevBoxes',
  empty: 'No DevBoxes. n makes one.',
  items: list(data => data.devboxes),
  id: box => box.id,
  tone: boxTone,
  detail: 'devbox',
  columns: [
    {title: 'NAME', width: 12, grow: 1, cell: box => box.name},
    {title: 'STATE', width: 10, cell: box => box.state},
    {title: 'WORKER', width: 10, grow: 1, cell: box => box.worker?.name ?? ''},
    {
      title: 'CPU',
      width: 6,
      align: 'right',
      spare: true,
      cell: (box, _now, figures) => boxCpu(box, figures),
      order: (box, figures) => figures[box.id]?.cpuPercent ?? -1,
      isByFigures: true,
    },
    {
      title: 'MEMORY',
      width: 16,
      align: 'right',
      spare: true,
      cell: (box, _now, figures) => boxMemory(box, figures),
      order: (box, figures) => figures[box.id]?.memoryBytes ?? -1,
      isByFigures: true,
    },
    {title: 'ENGINE', width: 7, spare: true, cell: box => box.engine ?? ''},
    {title: 'IMAGE', width: 14, grow: 2, spare: true, cell: box => box.image ?? ''},
    {title: 'BRANCH', width: 10, spare: true, cell: box => branchOf(box)},
    {title: 'TASK', width: 12, grow: 2, spare: true, cell: box => box.task ?? ''},
    {title: 'CAN', width: 8, spare: true, cell: box => box.capabilities.join(' ')},
    {title: 'AGE', width: 4, align: 'right', cell: (box, now) => ageText(box.createdAt, now), order: box => box.createdAt},
    {title: 'WHY', width: 10, grow: 2, spare: true, cell: box => box.reason ?? ''},
  ],
});

const jobColumns: readonly PageColumn<JobView>[] = [
  {title: 'ID', width: 10, cell: job => job.id.slice(0, 10)},
  {title: 'KIND', width: 12, spare: true, cell: job => job.kind},
  {title: 'STATUS', width: 11, cell: statusText},
  {title: 'EXIT', width: 4, align: 'right', spare: true, cell: job => (job.exit && 'code' in job.exit ? String(job.exit.code) : '')},
  {title: 'WORKER', width: 10, grow: 1, cell: job => job.worker?.name ?? ''},
  {title: 'AGE', width: 4, align: 'right', cell: (job, now) => ageText(job.createdAt, now), order: job => job.createdAt},
  {title: 'WHAT', width: 20, grow: 4, cell: job => [job.devbox?.name ?? roleName(job), commandText(job)].filter(Boolean).join(': ')},
  {
    title: 'WHY',
    width: 10,
    grow: 3,
    spare: true,
    cell: job => whyOf(job) ?? '',
  },
];

const jobs = page<JobView>({
  title: 'Jobs',
  empty: 'No jobs. r runs a command.',
  items: list(
    data => data.jobs,
    job => job.parent === undefined,
  ),
  id: job => job.id,
  tone: jobTone,
  detail: 'job',
  order: {column: 'AGE', isReversed: true},
  columns: jobColumns,
});

const sessions = page<JobView>({
  title: 'Sessions',
  empty: 'No terminals. t on a DevBox opens one.',
  items: list(data => data.jobs, isLiveSession),
  id: job => job.id,
  tone: attentionTone,
  detail: 'job',
  columns: [
    {title: 'TERMINAL', width: 12, grow: 1, cell: terminalName},
    {title: 'DOING', width: 8, cell: doing},
    {
      title: 'OUTPUT',
      width: 6,
      align: 'right',
      cell: (job, now) => ageText(job.session?.attention.outputAt, now),
      order: job => job.session?.attention.outputAt ?? 0,
    },
    {title: 'VIEWERS', width: 7, align: 'right', spare: true, cell: job => String(job.session?.viewers ?? 0)},
    {title: 'WORKER', width: 10, grow: 1, spare: true, cell: job => job.worker?.name ?? ''},
    {title: 'TITLE', width: 10, grow: 2, spare: true, cell: job => job.session?.title ?? ''},
    {title: 'LAST LINE', width: 14, grow: 4, cell: saying},
  ],
});

const images = page<ImageView>({
  title: 'Images',
  empty: 'No images here. p pulls one.',
  items: list(data => data.images),
  id: imageKey,
  tone: () => 'plain',
  columns: [
    {title: 'IMAGE', width: 24, grow: 3, cell: image => image.refs[0] ?? image.id.slice(0, 19)},
    {title: 'SIZE', width: 8, align: 'right', cell: image => formatBytes(image.bytes), order: image => image.bytes},
    {title: 'WORKER', width: 10, grow: 1, cell: image => image.worker.name},
    {title: 'ENGINE', width: 7, cell: image => image.engine},
    {title: 'CAN', width: 10, grow: 1, spare: true, cell: image => image.capabilities.join(' ')},
    {title: 'AGE', width: 4, align: 'right', cell: (image, now) => ageText(image.createdAt, now), order: image => image.createdAt},
  ],
});

const events = page<EventView>({
  title: 'Events',
  empty: 'Nothing has happened since this was opened.',
  items: state => state.data.events,
  id: event => event.id,
  tone: () => 'plain',
  isLog: true,
  columns: [
    {title: 'TIME', width: 8, cell: event => event.time.slice(11, 19)},
    {title: 'WHAT', width: 20, cell: event => event.type},
    {
      title: 'OF',
      width: 12,
      grow: 2,
      cell: ({subject, data}) => (typeof data['name'] === 'string' ? `${data['name']} (${subject})` : subject),
    },
    {title: 'BY', width: 12, grow: 1, cell: event => event.actor},
  ],
});

const messages = page<Message>({
  title: 'Messages',
  empty: 'Nothing was said yet.',
  items: state => state.messages,
  id: message => `${message.at}-${message.text}`,
  tone: message => (message.isError ? 'bad' : 'plain'),
  isLog: true,
  columns: [
    {title: 'AGE', width: 4, align: 'right', cell: (message, now) => ageText(message.at, now)},
    {title: 'MESSAGE', width: 20, grow: 1, cell: message => message.text},
  ],
});

const commandTone: Readonly<Record<CommandLine['outcome'], Tone>> = {sent: 'run', done: 'good', failed: 'bad'};
const commands = page<CommandLine>({
  title: 'Commands that do the same',
  empty: 'Nothing was changed from here yet.',
  items: state => state.commands,
  id: command => `${command.at}-${command.line}`,
  tone: command => commandTone[command.outcome],
  isLog: true,
  columns: [
    {title: 'AGE', width: 4, align: 'right', cell: (command, now) => ageText(command.at, now)},
    {title: 'COMMAND', width: 20, grow: 1, cell: command => command.line},
  ],
});

const settings = page<Setting>({
  title: 'Settings',
  empty: 'Reading the settings…',
  items: state => state.settings,
  id: setting => setting.key,
  tone: () => 'plain',
  columns: [
    {title: 'SETTING', width: 10, cell: setting => setting.key},
    {title: 'VALUE', width: 12, grow: 1, cell: setting => setting.value || '-'},
    {title: 'FROM', width: 10, grow: 1, spare: true, cell: setting => setting.origin},
    {title: 'ABOUT', width: 20, grow: 2, cell: setting => setting.about},
  ],
});

export type TableName =
  | 'workers'
  | 'devboxes'
  | 'jobs'
  | 'sessions'
  | 'images'
  | 'clusters'
  | 'roles'
  | 'webhooks'
  | 'plugins'
  | 'displays'
  | 'events'
  | 'messages'
  | 'settings'
  | 'commands';
export const tables: Readonly<Record<TableName, TablePage<unknown>>> = {
  workers,
  devboxes,
  jobs,
  sessions,
  images,
  clusters,
  roles,
  webhooks,
  plugins,
  displays,
  events,
  messages,
  settings,
  commands,
};
export const isTable = (page: PageName): page is TableName => Object.hasOwn(tables, page);
