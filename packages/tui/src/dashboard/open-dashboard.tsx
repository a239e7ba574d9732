import type {Context} from '../cli/context.ts';

export async function openDashboard(context: Context): Promise<number> {
  context.say('soon');
  return 0;
}
