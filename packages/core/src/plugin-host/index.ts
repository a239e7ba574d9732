export {createFrom} from './create-plugin.ts';
export {integrityOf} from './integrity.ts';
export {loadEngines, openEngine, type EngineSetting, type LoadDeps, type LoadedEngine, type PluginOrigin} from './load-engines.ts';
export {checkDefinition, configOf, invalid, loadAnyDefinition, loadPlugin, type PluginSetting} from './load-plugin.ts';
export {locatePlugin, type PluginPlace} from './locate-plugin.ts';
export {guardEngine} from './guard-engine.ts';
export {createHost, type PluginLog} from './plugin-faults.ts';
export {wrongReported} from './sense.ts';
export {openReporters, type ReporterPlugin, type ReporterSetting, type Reporters} from './reporters.ts';
