import type {Access} from './api/index.ts';
import type {TenantId} from './protocol/index.ts';

/** Who asks, as `access` found out from the credential. Every function below takes it or a tenant; nothing else names a tenant. */
export interface Caller {
  readonly tenant: TenantId;
  /** `user:anna`, `token:ci`, `worker:nas`. */
  readonly actor: string;
  readonly access: Access;
}

/** A caller with the credential it came by; made by `access`, given to routes. Ends with its token. */
export interface Session extends Caller {
  readonly token: string;
  readonly tokenName: string;
  readonly expiresAt?: number | undefined;
  /** Owner of the first tenant: may create tenants and set their limits. */
  readonly isOperator: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}
