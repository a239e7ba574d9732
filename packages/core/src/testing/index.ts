export {BASE_IMAGE, ensureBaseImage} from './base-image.ts';
export {createScriptedEngine} from './scripted-engine.ts';
