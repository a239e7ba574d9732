import type {z} from 'zod';
import type {
  ApplyView,
  ClusterDocument,
  ClusterView,
  JobView,
  Origin,
  RoleDocument,
  RoleView,
  RoleWebhookView,
  RotateWebhookRequest,
  RotatedRoleWebhookView,
  RunRequest,
  RunRoleRequest,
  RunView,
  RunsQuery,
  UpdateClusterRequest,
} from './api/index.ts';
import type {TenantId} from './protocol/index.ts';
import type {Caller, Page, Session} from './services-caller.ts';
import type {FolderPlan} from './services-streams.ts';

type Body<T extends z.ZodType> = z.infer<T>;

/** Documents are applied whole or not at all; a change that comes between is read and built upon. */
export interface ClusterService {
  list(tenant: TenantId): Promise<Page<ClusterView>>;
  /** By name or id, here and below. */
  show(tenant: TenantId, cluster: string): Promise<ClusterView>;
  /** Idempotent by the document's name. Runs of roles that it leaves out are cancelled. */
  apply(caller: Caller, document: ClusterDocument, isDryRun: boolean): Promise<ApplyView>;
  create(caller: Caller, document: ClusterDocument): Promise<ClusterView>;
  /** Disabling it cancels its runs. */
  update(caller: Caller, cluster: string, fields: Body<typeof UpdateClusterRequest>): Promise<ClusterView>;
  remove(caller: Caller, cluster: string): Promise<void>;
  /** Cancels the runs of one role, or of all, also those that wait; whose they are. */
  stop(caller: Caller, cluster: string, role?: string): Promise<string[]>;
  showRole(tenant: TenantId, cluster: string, role: string): Promise<RoleView>;
  addRole(caller: Caller, cluster: string, role: RoleDocument): Promise<ClusterView>;
  putRole(caller: Caller, cluster: string, role: string, document: RoleDocument): Promise<ClusterView>;
  removeRole(caller: Caller, cluster: string, role: string): Promise<void>;
  webhook(tenant: TenantId, cluster: string, role: string): Promise<RoleWebhookView>;
  /** The secret is in this answer alone. */
  rotateWebhook(caller: Caller, cluster: string, role: string, request: Body<typeof RotateWebhookRequest>): Promise<RotatedRoleWebhookView>;
  /** Idempotent. */
  unsignWebhook(caller: Caller, cluster: string, role: string): Promise<void>;
  /** Who signed a message for a role, by ids; `UNAUTHENTICATED`, the same whatever is wrong or not there. */
  readonly signed: {
    isOffered(headers: Readonly<Record<string, readonly string[] | undefined>>): boolean;
    prove(message: {
      readonly params: Readonly<Record<string, string>>;
      readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
      readonly bytes: Uint8Array;
    }): Promise<{readonly session: Session; readonly key: string}>;
  };
  /** Runs of one role or of all, newest first. */
  runs(tenant: TenantId, cluster: string, query: Body<typeof RunsQuery>): Promise<Page<JobView>>;
  /** By the id of a run of the cluster, or of one job of it. */
  showRun(tenant: TenantId, cluster: string, run: string): Promise<RunView>;
  /** `FORBIDDEN` where the cluster is disabled, `LIMIT_REACHED` where as many runs go on as may and the role says `reject`. */
  run(
    caller: Caller,
    place: RolePlace,
    request: RunRoleRequest & {readonly payload?: string; readonly files?: string},
    key?: string,
  ): Promise<JobView>;
}
/** By names or ids, and what starts it; absent: a person. */
export interface RolePlace {
  readonly cluster: string;
  readonly role: string;
  readonly trigger?: Origin['trigger'];
}
/**
 * Lets in one more run of the role that `origin` names, as its overlap says. `start` accepts it as one of that version of the cluster,
 * and is called again where it was `CONFLICT` with `again`, or may wait.
 */
export type RunAgain = (
  caller: Caller,
  origin: Pick<Origin, 'cluster' | 'role'>,
  start: (now: {readonly v: number; readonly most: number; readonly waits: boolean}) => Promise<JobView>,
) => Promise<JobView>;
/** A run of a role, as the job core accepts it. */
export interface RoleRun {
  readonly request: RunRequest;
  /** What was asked for, which tells a repeat from another request with the same key. */
  readonly asked: unknown;
  readonly key?: string | undefined;
  readonly origin: Origin & {
    readonly most: number;
    readonly env: Readonly<Record<string, string>>;
    readonly templates?: readonly string[];
    readonly folders?: FolderPlan | undefined;
  };
  readonly waits?: boolean;
  /** All jobs of the role run on one worker. */
  readonly isSameWorker?: boolean | undefined;
  /** Which version of the cluster it was made of: `CONFLICT` where that is not the present one. */
  readonly v: number;
}
