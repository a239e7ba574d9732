import {setTimeout as delay} from 'node:timers/promises';

/** The length of a fault, in milliseconds. Only faults last for a time; conditions are waited for with `waitFor`. */
export const delayFor = (ms: number): Promise<void> => delay(ms);
