export {addressOf, createClient, type CallOptions, type Client, type ClientOptions} from './client.ts';
export {NotSent, type UnsentRequest} from './not-sent.ts';
export type {AttachItem, AttachOptions, Attachment} from './attach.ts';
export type {TerminalClient, TerminalHandlers, TerminalOptions} from './terminal.ts';
export type {PortOptions} from './port.ts';
export type {DisplayWatchers} from './display.ts';
export type {EventItem, FollowOptions} from './events.ts';
