export {files, paths, type Paths} from './paths.ts';
export {scaled, timing, timingFrom, type Timing} from './timing.ts';
export {openPrivate, privateDir, readPrivate, writePrivate} from './private-files.ts';
export {formatTicket, parseTicket, type Ticket} from './invitation.ts';
export {newAttemptId, newId, randomBase32, randomName, type IdLetter} from './ids.ts';
export {yamlData} from './yaml-data.ts';
export {lastWords, logFormat, logSink, type LogFormat} from './log-format.ts';
