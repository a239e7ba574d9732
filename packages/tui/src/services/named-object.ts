import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import {nearest} from '../cli/suggest.ts';

/** Where there is no object of that name, says the nearest one there is. The list is asked for only then. */
export async function withSuggestion<T>(
  name: string,
  what: string,
  call: () => Promise<T>,
  list: () => Promise<{readonly items: readonly {readonly name: string}[]}>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    // Something else may be missing too.
    if (!isBoxyardError(error) || error.code !== 'NOT_FOUND' || (error.details['name'] ?? name) !== name) throw error;
    const names = await list().then(
      page => page.items.map(item => item.name),
      () => [],
    );
    const near = nearest(name, names);
    if (near === undefined) throw error;
    throw new BoxyardError('NOT_FOUND', {what, name, hint: `Did you mean ${near}?`}, {cause: error});
  }
}
