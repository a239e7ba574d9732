import {parentPort, workerData} from 'node:worker_threads';
import {serveReporter} from './plugin-host/reporter-thread.ts';
import type {ThreadData} from './plugin-host/reporter-wire.ts';

// The program of a reporter's thread. A rejection here ends it, and the server names the plugin.
if (parentPort !== null) await serveReporter(parentPort, workerData as ThreadData);
