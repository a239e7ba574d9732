/** A thing that goes wrong and can be put right. `heal` is idempotent and may be called without `inject`. */
export interface Fault {
  readonly name: string;
  inject(): Promise<void>;
  heal(): Promise<void>;
}

/** The fault lasts as long as `body`; it is healed whatever happens. */
export async function during<T>(fault: Fault, body: () => Promise<T>): Promise<T> {
  try {
    await fault.inject();
    return await body();
  } finally {
    await fault.heal();
  }
}
