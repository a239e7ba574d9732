export {loadDisplays, type LoadedDisplay} from './load-displays.ts';
export type {LoadDeps} from './load-each.ts';
export {loadEngines, type EngineSetting, type LoadedEngine} from './load-engines.ts';
export {loadPlugin, type PluginSetting} from './load-plugin.ts';
export {guardEngine} from './guard-engine.ts';
export {createHost, type PluginLog} from './plugin-faults.ts';
export {openReporters, type ReporterSetting, type Reporters} from './reporters.ts';
