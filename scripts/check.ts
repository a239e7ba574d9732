/** `npm run check`: types, lint with the import table, cycles, format, unused code, generated files. */
import {runChecks} from './checks.ts';

process.chdir(`${import.meta.dirname}/..`);
const {failed} = await runChecks();
process.exitCode = failed === 0 ? 0 : 1;
