export {editDistance, nearest} from '@boxyard/core/errors';
