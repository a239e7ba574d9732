import type {Case} from '../plugin-api/index.ts';
import {contentCases} from './conformance/contents.ts';
import {endingCases} from './conformance/ending.ts';
import {imageCases} from './conformance/images.ts';
import {insideCases} from './conformance/inside.ts';
import {outputCases} from './conformance/output.ts';
import {restrictionCases} from './conformance/restrictions.ts';
import {runningCases} from './conformance/running.ts';

/** What every engine must do, as data: loop over it in any test runner. A case whose `needs` the engine lacks is left out. */
export const conformanceCases: readonly Case[] = [
  ...runningCases,
  ...outputCases,
  ...endingCases,
  ...insideCases,
  ...contentCases,
  ...imageCases,
  ...restrictionCases,
];
