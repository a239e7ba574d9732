export {BASE_IMAGE, ensureBaseImage} from './base-image.ts';
export {OwnDocker} from './own-docker.ts';
export {createScriptedEngine} from './scripted-engine.ts';
