import {BoxyardError, isBoxyardError, type ErrorCode} from '../errors/index.ts';
import {textOf} from './load-plugin.ts';
import {isPluginFault, type PluginFault} from './plugin-faults.ts';

/** Which call of which plugin, about what: a box's name or an image's. */
export interface Asked {
  readonly plugin: string;
  readonly call: string;
  readonly subject?: string | undefined;
}

/** Whatever a plugin threw, as an error of the catalogue. What is no fault and no error of ours is the plugin's own failure. */
export const pluginError = (thrown: unknown, asked: Asked): BoxyardError => {
  if (isBoxyardError(thrown)) return thrown;
  if (!isPluginFault(thrown)) return pluginFailed(asked, textOf(thrown), thrown);
  const {code, details} = (aboutImages(thrown, asked) ??
    aboutContents(thrown, asked) ??
    aboutDisplay(thrown, asked) ??
    aboutEngine(thrown, asked)) satisfies Translated;
  return new BoxyardError(
    code,
    {engine: asked.plugin, ...details},
    {cause: thrown, ...(thrown.hint === undefined ? {} : {hint: thrown.hint})},
  );
};

export const pluginFailed = ({plugin, call}: Asked, issue: string, cause?: unknown): BoxyardError =>
  new BoxyardError('PLUGIN_FAILED', {plugin, call, issue}, {cause});

interface Translated {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
}

const aboutImages = ({fault, message}: PluginFault, {call, subject: ref = ''}: Asked): Translated | undefined => {
  const isImageCall = call.startsWith('images.') || call === 'create';
  if (isImageCall && fault === 'not-found') return {code: 'IMAGE_NOT_FOUND', details: {ref, why: message}};
  if (call !== 'images.pull') return undefined;
  const registry = registryOf(ref);
  if (fault === 'unavailable' || fault === 'timeout') return {code: 'REGISTRY_UNREACHABLE', details: {registry, ref, why: message}};
  if (fault === 'denied') return {code: 'REGISTRY_DENIED', details: {registry, ref, why: message}};
  return undefined;
};

const aboutContents = ({fault, message}: PluginFault, {call}: Asked): Translated | undefined => {
  if (call === 'files.put' && fault === 'invalid') return {code: 'ARCHIVE_REFUSED', details: {why: message}};
  if (call === 'build' && (fault === 'invalid' || fault === 'failed')) return {code: 'BUILD_FAILED', details: {issue: message}};
  return undefined;
};

const aboutDisplay = ({fault, message}: PluginFault, {call}: Asked): Translated | undefined => {
  if (!call.startsWith('display.')) return undefined;
  if (fault === 'denied') return {code: 'DISPLAY_DENIED', details: {reason: message}};
  return {code: 'DISPLAY_UNAVAILABLE', details: {issue: message}};
};

const aboutEngine = ({fault, message}: PluginFault, {plugin, call, subject}: Asked): Translated => {
  switch (fault) {
    case 'unavailable':
    case 'busy':
      return {code: 'ENGINE_UNAVAILABLE', details: {why: message}};
    case 'timeout':
      return {code: 'ENGINE_UNAVAILABLE', details: {why: message, call}};
    case 'unsupported':
      return {code: 'UNSUPPORTED', details: {what: message, by: plugin}};
    case 'not-found':
      return {code: 'NOT_FOUND', details: {what: call.startsWith('files.') ? 'file' : 'box', name: subject ?? message, why: message}};
    case 'conflict':
      return {code: 'CONFLICT', details: {what: subject, issue: message}};
    case 'denied':
      return {code: 'ENGINE_DENIED', details: {socket: message}};
    case 'no-space':
      return {code: 'NO_SPACE', details: {where: `this worker (${message})`}};
    case 'invalid':
      return {code: 'INVALID_INPUT', details: {field: subject, issue: message}};
    case 'failed':
      return {code: 'ENGINE_FAILED', details: {issue: message}};
  }
};

const registryOf = (ref: string): string => {
  const [first = '', ...rest] = ref.split('/');
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : 'docker.io';
};
