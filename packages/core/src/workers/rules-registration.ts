import type {EngineReport, FromAgent, Heartbeat, Labels} from '../protocol/index.ts';
import type {Registration} from './rules.ts';

type Message<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;

const clip = (text: string, most: number): string => text.slice(0, most);
const clipAll = (texts: readonly string[], count: number, most: number): string[] => texts.slice(0, count).map(text => clip(text, most));

/** What one connection says of itself compares by these; longer ones would only fill the record. */
export const boundedId = (text: string): string => clip(text, 128);

/** A registration cut to what a worker's record keeps, whatever the agent said: honest ones pass unchanged. Pure. */
export function registrationOf({type: _type, ...said}: Message<'worker.register'>): Registration {
  return {
    ...said,
    agentVersion: clip(said.agentVersion, 64),
    ...(said.arch === undefined ? {} : {arch: clip(said.arch, 32)}),
    containerEngines: clipAll(said.containerEngines, 16, 63),
    engines: said.engines.slice(0, 16).map(boundedEngine),
    labels: boundedLabels(said.labels),
  };
}

function boundedEngine(engine: EngineReport): EngineReport {
  return {
    ...engine,
    name: clip(engine.name, 63),
    ...(engine.version === undefined ? {} : {version: clip(engine.version, 100)}),
    ...(engine.why === undefined ? {} : {why: clip(engine.why, 1_000)}),
    ...(engine.fix === undefined ? {} : {fix: clip(engine.fix, 1_000)}),
    features: clipAll(engine.features, 64, 63),
    ...(engine.plugin === undefined ? {} : {plugin: boundedPlugin(engine.plugin)}),
    labels: boundedLabels(engine.labels),
  };
}

const boundedPlugin = ({module, version, integrity, isPinned, isLoaded}: EngineReport['plugin'] & object): EngineReport['plugin'] => ({
  module: clip(module, 500),
  ...(version === undefined ? {} : {version: clip(version, 100)}),
  ...(integrity === undefined ? {} : {integrity: clip(integrity, 100)}),
  isPinned,
  ...(isLoaded === undefined ? {} : {isLoaded}),
});

const mostLabels = 100;
const boundedLabels = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).slice(0, mostLabels));

export const boundedHeartbeat = (heartbeat: Heartbeat): Heartbeat =>
  heartbeat.gatewayStatusDetail === undefined ? heartbeat : {...heartbeat, gatewayStatusDetail: clip(heartbeat.gatewayStatusDetail, 1_000)};
