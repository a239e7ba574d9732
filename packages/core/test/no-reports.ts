import {BoxyardError} from '../src/errors/index.ts';
import type {ReportService} from '../src/services.ts';

/** There is no job whose secret anybody could know. */
export const noReports: ReportService = {
  report: async (_job, secret) => {
    throw new BoxyardError(secret === undefined ? 'UNAUTHENTICATED' : 'FORBIDDEN');
  },
};
