export {BulkLane, FrameQueue, type BulkSource} from './bulk-lane.ts';
export {Carried, STREAM_WINDOW, type FarEnd} from './carried.ts';
