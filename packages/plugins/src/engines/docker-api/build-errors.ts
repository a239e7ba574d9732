import type {Api} from './api.ts';
import {faultOf} from './errors.ts';
import {MAKE_ROOM, NO_SPACE, noSpaceFault} from './no-space.ts';

/** A command of the file failed: what it printed says why, not what the engine says. */
const STEP_FAILED = /exit status \d+\s*$|returned a non-zero code: \d+\s*$/;

/** Why a build failed; `tail` is the end of its output. */
export const buildFault = async (api: Api, error: unknown, {ref, tail}: {readonly ref: string; readonly tail: string}): Promise<Error> => {
  const {name, message} = error as Error;
  const isReport = name === 'EngineReport';
  if (isReport && STEP_FAILED.test(message)) {
    const more = NO_SPACE.test(tail) ? {hint: `This step found no space left. ${MAKE_ROOM}`} : {};
    return api.host.fault('invalid', message, {cause: error, ...more});
  }
  const full = await noSpaceFault(api, error, `the build of ${ref}`);
  if (full !== undefined) return full;
  return isReport ? api.host.fault('invalid', message, {cause: error}) : faultOf(api.host, error, `build ${ref}`);
};
