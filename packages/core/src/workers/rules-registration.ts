import type {DisplayReport, EngineReport, FromAgent, Heartbeat, Labels} from '../protocol/index.ts';
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
    ...(said.displays === undefined ? {} : {displays: said.displays.slice(0, 16).map(boundedReport)}),
    labels: boundedLabels(said.labels),
  };
}

function boundedEngine(engine: EngineReport): EngineReport {
  return {
    ...boundedReport(engine),
    ...(engine.version === undefined ? {} : {version: clip(engine.version, 100)}),
    features: clipAll(engine.features, 64, 63),
    labels: boundedLabels(engine.labels),
  };
}

const boundedReport = <T extends DisplayReport>(report: T): T => ({
  ...report,
  name: clip(report.name, 63),
  ...(report.why === undefined ? {} : {why: clip(report.why, 1_000)}),
  ...(report.fix === undefined ? {} : {fix: clip(report.fix, 1_000)}),
  ...(report.plugin === undefined ? {} : {plugin: boundedPlugin(report.plugin)}),
});

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
