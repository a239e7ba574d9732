import type {Case} from '../plugin-api/index.ts';
import {contentCases} from './engine/contents.ts';
import {endingCases} from './engine/ending.ts';
import {hardCases} from './engine/hard.ts';
import {hungCases} from './engine/hung.ts';
import {imageCases} from './engine/images.ts';
import {insideCases} from './engine/inside.ts';
import {outputCases} from './engine/output.ts';
import {restrictionCases} from './engine/restrictions.ts';
import {restartCases} from './engine/restart.ts';
import {runningCases} from './engine/running.ts';

/** What every engine must do, as data: loop over it in any test runner. A case whose `needs` the engine lacks is left out. */
export const engineCases: readonly Case[] = [
  ...runningCases,
  ...outputCases,
  ...endingCases,
  ...insideCases,
  ...contentCases,
  ...imageCases,
  ...restrictionCases,
  ...hardCases,
  ...hungCases,
  ...restartCases,
];
