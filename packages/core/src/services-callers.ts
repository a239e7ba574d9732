import type {Access} from './api/index.ts';
import type {TenantId} from './protocol/index.ts';

/** Who asks, as `access` found out from the credential. Every function below takes it or a tenant; nothing else names a tenant. */
export interface Caller {
  readonly tenant: TenantId;
  /** `user:anna`, `token:ci`, `worker:nas`. */
  readonly actor: string;
  readonly access: Access;
}
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}
