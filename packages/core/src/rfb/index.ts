export {RfbClient, type RfbOptions} from './client.ts';
export {asked, encodings} from './encodings.ts';
export {Framebuffer, MOST_PIXELS, pixelOf, type Rect} from './framebuffer.ts';
export {vncAnswer, type ServerScreen} from './handshake.ts';
export {Feed, type Reading} from './reading.ts';
export {ViewerInput, type ViewerRights} from './viewer-input.ts';
export type {Cursor} from './server-messages.ts';
