import {boolean, custom} from '@oclif/core/flags';
import type {ArgInput, FlagInput} from '@oclif/core/interfaces';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {arrange, columnNames, findColumn, type Arrangement} from '../output/arrange.ts';
import type {ListView} from '../output/print.ts';
import {defineCommand, type Definition, type Input} from './define-command.ts';
import type {Context} from './context.ts';
import {watchList} from './watch-list.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}

export interface ListDefinition<T, P extends Page<T>, F extends FlagInput, A extends ArgInput> extends Omit<
  Definition<F, A>,
  'run' | 'runsCommand'
> {
  readonly view: ListView<T>;
  /** Asked once, or again and again with `--watch`. */
  load(client: Client, input: Input<F, A>): Promise<P>;
  /** What is said beside the list, and the exit code if not 0. */
  after?(context: Context, page: P): number;
}

/** A command that lists: what it shows is `view`, and how it may be sorted, cut down and watched is the same for all. */
export function defineList<T, P extends Page<T>, F extends FlagInput = Record<never, never>, A extends ArgInput = Record<never, never>>(
  definition: ListDefinition<T, P, F, A>,
) {
  const {view, load, after, ...rest} = definition;
  return defineCommand<F, A>({
    ...rest,
    flags: {...rest.flags, ...listFlags(view)} as unknown as F,
    async run(context, input) {
      const {watch, ...wish} = input.flags as Arrangement & {readonly watch?: boolean};
      const print = (page: P): Promise<void> => {
        const {items, view: wanted} = arrange(page.items, view, wish);
        return context.print.list({...page, items}, wanted);
      };
      if (wish.columns !== undefined && context.print.format !== 'table')
        throw new BoxyardError('INVALID_INPUT', {
          field: '--columns',
          issue: `is about tables; -o ${context.print.format} has its own form`,
        });
      const {client} = await context.connect();
      if (watch === true) return watchList(context, client, {view, wish, load: () => load(client, input)});
      const page = await load(client, input);
      await print(page);
      return after?.(context, page) ?? 0;
    },
  });
}

const helpGroup = 'LISTS';

const listFlags = <T>(view: ListView<T>) => {
  const names = columnNames(view).join('|');
  const checked = (field: string, input: string) => (findColumn(view, input, field), input);
  return {
    sort: custom<string>({
      helpValue: names,
      helpGroup,
      description: 'by this column; - in front turns it round: --sort -name',
      parse: async input => (checked('--sort', input.replace(/:desc$/, '')), input),
    })(),
    columns: custom<string>({
      helpValue: names,
      helpGroup,
      description: 'only these columns, in this order, by commas',
      parse: async input => (input.split(',').forEach(name => checked('--columns', name)), input),
    })(),
    watch: boolean({
      char: 'w',
      helpGroup,
      description: 'go on: on a terminal in place, in a pipe a JSON line for each item that changes',
    }),
  };
};
