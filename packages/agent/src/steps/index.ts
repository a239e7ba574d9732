export {perform} from './perform.ts';
export type {CrashPoint, Parts, StepContext} from './context.ts';
