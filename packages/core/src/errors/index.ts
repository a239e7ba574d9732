export {BoxyardError, asBoxyardError, entryOf, fromWire, isBoxyardError, toWire, type Details, type WireError} from './boxyard-error.ts';
export {catalogue, type ErrorCode, type ErrorEntry} from './catalogue.ts';
export {editDistance, nearest} from './nearest.ts';
