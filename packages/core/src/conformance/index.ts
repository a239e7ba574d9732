export type {
  Answer,
  Capability,
  CaseResult,
  DisplayBox,
  DisplayCase,
  DisplayLab,
  EngineCase,
  Received,
  Receiver,
  Report,
  ReporterCase,
  ReporterLab,
  VerifyOptions,
} from './contract.ts';
export {displayCases} from './display-cases.ts';
export {engineCases} from './engine-cases.ts';
export {reporterCases} from './reporter-cases.ts';
export {verifyPlugin} from './verify.ts';
