export {isHarmless, isQuery, isTyping, noticeOf, titleOf} from './meaning.ts';
export {MOST_HELD, VtTokens, type VtToken} from './tokens.ts';
export {isWide} from './width.ts';
