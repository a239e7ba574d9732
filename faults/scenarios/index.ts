import {b1} from './b1-delivery.ts';
import {b2} from './b2-results.ts';
import {b3} from './b3-logs.ts';
import {b5} from './b5-adoption.ts';
import {b6} from './b6-server.ts';
import {b7} from './b7-redis.ts';
import {b7Refusals} from './b7-refusals.ts';
import {b8} from './b8-partitions.ts';
import {b9} from './b9-duplicates.ts';
import {b10} from './b10-clock.ts';
import {b11} from './b11-disk.ts';
import {b11Images} from './b11-images.ts';
import {b11ReadOnly} from './b11-read-only.ts';
import {b12} from './b12-half-open.ts';
import {b13} from './b13-terminals.ts';
import {b15} from './b15-order.ts';
import {b15TwoServers} from './b15-two-servers.ts';
import {b16} from './b16-cancel.ts';
import {b17} from './b17-poison.ts';
import {b17Plugins} from './b17-plugins.ts';
import {b19} from './b19-garbage.ts';
import {b19Terminals} from './b19-terminals.ts';
import {b20} from './b20-skew.ts';
import {chaosScenarios} from './chaos.ts';
import {clusters} from './clusters.ts';
import type {Scenario} from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  ...b1,
  ...b2,
  ...b3,
  ...b5,
  ...b6,
  ...b7,
  ...b7Refusals,
  ...b8,
  ...b9,
  ...b10,
  ...b11,
  ...b11Images,
  ...b11ReadOnly,
  ...b12,
  ...b13,
  ...b15,
  ...b15TwoServers,
  ...b16,
  ...b17,
  ...b17Plugins,
  ...b19,
  ...b19Terminals,
  ...clusters,
  ...b20,
  ...chaosScenarios,
];
