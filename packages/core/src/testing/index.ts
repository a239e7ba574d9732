export {BASE_IMAGE, ensureBaseImage} from './base-image.ts';
export {conformanceCases} from './conformance.ts';
export {hostileArchives} from './conformance/contents.ts';
export {createScriptedEngine} from './scripted-engine.ts';
