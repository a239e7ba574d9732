export {OLDEST_SUPPORTED, OWN_RANGE, PROTOCOL_VERSION, agreeOnVersion, type VersionRange} from './version.ts';
export {
  Attempt,
  Bytes,
  DevBoxId,
  Exit,
  Gap,
  JobId,
  Labels,
  LogEnd,
  Millis,
  Name,
  Needs,
  OutputName,
  Phase,
  Platform,
  Profile,
  Restriction,
  TenantId,
  TerminalSize,
  WireError,
  WorkerId,
} from './values.ts';
export {Copy, FailurePolicy, FanOut, Gather, MOST_CHILDREN} from './fan-out.ts';
export {Box, Command, IfLost, JobSpec, Limits, Mount, REPORT_SECRET, SecretRef, Source, Tty, type JobKind} from './job-spec.ts';
export {MAX_INPUT_BYTES} from './input-limit.ts';
export {FileKind} from './files.ts';
export {DisplaySize} from './display.ts';
export {FolderChanges, FolderFile, FolderIndex, MAX_INDEX_BYTES} from './folders.ts';
export {PortNumber} from './port.ts';
export {Attention, SessionState} from './session.ts';
export {BoxToCreate, Step} from './steps.ts';
export {BoxSeen, DisplayReport, EngineReport, FromAgent, Heartbeat, JournalEntry, fromAgent} from './from-agent.ts';
export {FromServer, Query, fromServer} from './from-server.ts';
export {
  DATA_HEADER_BYTES,
  MAX_CONTROL_BYTES,
  MAX_DATA_BYTES,
  decode,
  decodeData,
  encodeData,
  type DataFrame,
  type Decoded,
} from './codec.ts';
export {oneWritePerTurn, type Corkable} from './one-write.ts';
