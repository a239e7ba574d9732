import type {z} from 'zod';
import type {
  CreateWebhookRequest,
  CreatedWebhookView,
  DeadLetterView,
  DeliveryView,
  EnableWebhookRequest,
  RedeliverRequest,
  ReportRequest,
  RotateWebhookRequest,
  UpdateWebhookRequest,
  WebhookView,
} from './api/index.ts';
import type {Attempt, TenantId} from './protocol/index.ts';
import type {Caller, Page} from './services-caller.ts';

type Body<T extends z.ZodType> = z.infer<T>;

/** What an attempt proves with that it is itself. Derived whenever it is needed and kept nowhere (R15); the next attempt's is another. */
export interface ReportSecrets {
  of(job: string, attempt: Attempt): string;
  isOf(secret: string, job: string, attempt: Attempt): boolean;
}
/** What running jobs tell of themselves. */
export interface ReportService {
  /**
   * All of it, or nothing where it rejects. `FORBIDDEN` where the secret is not of the job's present attempt, `CONFLICT` where that
   * does not run, `BODY_TOO_LARGE`, `TOO_MANY_REQUESTS`, `WORKER_OFFLINE` for lines while its worker is away.
   */
  report(job: string, secret: string | undefined, request: ReportRequest): Promise<void>;
}
/**
 * Who outside is told about events, by name or id. `INVALID_INPUT` where its plugin refuses the config; nothing is stored then.
 * Secrets are in the answers to `create` and `rotate` alone.
 */
export interface WebhookService {
  create(caller: Caller, request: Body<typeof CreateWebhookRequest>): Promise<CreatedWebhookView>;
  list(tenant: TenantId): Promise<Page<WebhookView>>;
  show(tenant: TenantId, webhook: string): Promise<WebhookView>;
  update(caller: Caller, webhook: string, request: Body<typeof UpdateWebhookRequest>): Promise<WebhookView>;
  remove(caller: Caller, webhook: string): Promise<void>;
  /** Idempotent; an enabled one tries again at once. */
  enable(caller: Caller, webhook: string, request: Body<typeof EnableWebhookRequest>): Promise<WebhookView>;
  disable(caller: Caller, webhook: string): Promise<WebhookView>;
  rotate(caller: Caller, webhook: string, request: Body<typeof RotateWebhookRequest>): Promise<CreatedWebhookView>;
  /** Resolves when the receiver has answered, or not in time. */
  test(caller: Caller, webhook: string): Promise<DeliveryView>;
  deliveries(tenant: TenantId, webhook: string, limit: number): Promise<Page<DeliveryView>>;
  /** Resolves when they are queued; what came of them stands among the deliveries. */
  redeliver(caller: Caller, webhook: string, request: Body<typeof RedeliverRequest>): Promise<{readonly queued: number}>;
  deadLetters(tenant: TenantId, webhook: string): Promise<Page<DeadLetterView>>;
}
