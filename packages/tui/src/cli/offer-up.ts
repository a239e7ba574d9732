import {isBoxyardError} from '@boxyard/core/errors';
import type {Connection} from '../services/connection.ts';
import type {Context} from './context.ts';

/** Connects; where nothing runs here and a person is there, offers to start it. */
export async function connectOrOffer(context: Context): Promise<Connection> {
  try {
    const connection = await context.connect();
    if (connection.target.origin === 'boxyard up' && (context.canAsk || context.flags.yes)) await connection.client.health();
    return connection;
  } catch (error) {
    if (!isBoxyardError(error) || error.code !== 'NO_SERVER') throw error;
    if (!(await context.confirm('No Boxyard server here. Start one now?', 'yes'))) throw error;
    const {startDetached} = await import('../services/start-detached.ts');
    await startDetached(context, []);
    return context.connect();
  }
}
