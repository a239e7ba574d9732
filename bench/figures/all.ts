import type {Figure} from '../figure.ts';
import {bulkJobs} from './bulk-jobs.ts';
import {cliStart} from './cli-start.ts';
import {dashboard} from './dashboard.ts';
import {devboxCreate} from './devbox-create.ts';
import {display} from './display.ts';
import {displayThumbnails} from './display-thumbnails.ts';
import {execRoundTrip} from './exec-round-trip.ts';
import {idleAgents} from './idle-agents.ts';
import {idleWorker} from './idle-worker.ts';
import {logThroughput} from './log-throughput.ts';
import {placement} from './placement.ts';
import {singleJob} from './single-job.ts';
import {terminalBulk} from './terminal-bulk.ts';
import {terminalEcho} from './terminal-echo.ts';
import {typedCommands} from './typed-commands.ts';
import {upStart} from './up-start.ts';

/** In the order of performance.md. */
export const figures: readonly Figure[] = [
  singleJob,
  bulkJobs,
  execRoundTrip,
  devboxCreate,
  terminalEcho,
  terminalBulk,
  logThroughput,
  idleAgents,
  idleWorker,
  placement,
  cliStart,
  dashboard,
  upStart,
  typedCommands,
  display,
  displayThumbnails,
];
