import {type ErrorEntry, environment, input, s, entry} from './catalogue-entry.ts';
import {machineEntries} from './catalogue-machines.ts';

export type {ErrorEntry} from './catalogue-entry.ts';

/** Every error a person or a program can meet, in one table: those of the machines stand in a file of their own. */
export const catalogue = {
  // what was asked
  INVALID_INPUT: input(
    400,
    2,
    d => `${s(d['field'] ?? 'The request')}: ${s(d['issue'] ?? 'not valid')}.`,
    d => s(d['hint'] ?? '/v1/openapi.json describes every request.'),
  ),
  UNKNOWN_FLAG: input(
    400,
    2,
    d => `Unknown ${s(d['what'] ?? 'option')} ${s(d['name'])}.`,
    d => (d['suggestion'] ? `Did you mean ${s(d['suggestion'])}?` : 'See --help.'),
  ),
  CONFIG_INVALID: input(
    400,
    2,
    d => `${s(d['file'])}: ${s(d['issue'])}.`,
    d => s(d['hint'] ?? 'boxyard config list --show-origin'),
  ),
  NEEDS_TTY: input(
    400,
    2,
    d => `${s(d['what'])} needs a terminal.`,
    d => s(d['hint'] ?? 'Give the answer by a flag.'),
  ),
  NOT_FOUND: input(
    404,
    5,
    d => `No ${s(d['what'])} ${s(d['name'])}.`,
    d => s(d['hint'] ?? (d['list'] ? `${s(d['list'])} shows what there is.` : 'Check the name.')),
  ),
  CONFLICT: input(
    409,
    6,
    d => `${s(d['what'] ?? 'This')} ${s(d['issue'] ?? 'is in another state')}.`,
    d => s(d['hint'] ?? 'Look at it as it is now, then decide again.'),
  ),
  NAME_TAKEN: input(
    409,
    6,
    d => `The name ${s(d['name'])} is taken.`,
    d => s(d['hint'] ?? 'Choose another name, or remove the one that has it.'),
  ),
  IDEMPOTENCY_MISMATCH: input(
    409,
    6,
    d => `The idempotency key ${s(d['key'])} was used for another request.`,
    'Use a new key for a new request.',
  ),
  DEVBOX_BUSY: input(
    409,
    6,
    d => `${s(d['devbox'])} already has 8 changes waiting behind ${s(d['job'])}.`,
    d => `boxyard jobs wait ${s(d['job'])}`,
  ),
  BODY_TOO_LARGE: input(413, 2, d => `The request is larger than ${s(d['limit'])} bytes.`, 'Send less at once.'),
  IMAGE_REF_INVALID: input(
    400,
    2,
    d => `${s(d['ref'])} is not an image name.`,
    'Such as debian:12, ghcr.io/owner/name:tag, localhost/mine:1.',
  ),
  URL_REFUSED: input(400, 2, d => `${s(d['url'])} is not a repository address Boxyard will clone: ${s(d['why'])}.`, 'https://… or ssh://…'),
  ARCHIVE_REFUSED: input(400, 2, d => `The archive was refused: ${s(d['why'])}.`, 'Send plain files and directories inside one folder.'),
  COPY_BROKEN: environment(
    502,
    1,
    d => `The copy to ${s(d['to'])} broke off: ${s(d['why'])}`,
    d => s(d['left'] ?? ''),
  ),
  IMAGE_REQUIRED: input(400, 2, 'An image is needed for this.', '--image NAME, or image: in .boxyard.yaml'),
  PROFILE_UNSUPPORTED: environment(
    400,
    1,
    d => `No worker can enforce the profile ${s(d['profile'])}.`,
    d => s(d['hint'] ?? '--profile, or add a worker with podman or docker.'),
  ),
  EGRESS_UNAVAILABLE: environment(
    400,
    1,
    'The profile strict needs an egress gateway, and no worker has one yet.',
    '--profile standard (open network) or --profile offline (none).',
  ),
  FLOOR_REFUSED: environment(
    409,
    1,
    d => `${s(d['worker'])} allows nothing weaker than ${s(d['floor'])}; asked was ${s(d['profile'])}.`,
    d => `--profile ${s(d['floor'])}`,
  ),
  ENGINE_FORBIDDEN: input(
    403,
    4,
    'Only owners and admins may run on the machine itself (engine process).',
    'Name an image, or ask an owner.',
  ),
  PROTECTED_NAME: input(
    400,
    2,
    d => `${s(d['name'])} is reserved for Boxyard.`,
    'Choose a name that does not begin with BOXYARD_ or io.boxyard.',
  ),
  UNSUPPORTED: environment(
    400,
    1,
    d => `${s(d['what'])} is not supported${d['by'] ? ` by ${s(d['by'])}` : ''}.`,
    d => s(d['hint'] ?? ''),
  ),
  // who asks
  UNAUTHENTICATED: input(401, 4, 'This server needs a valid token.', 'boxyard login'),
  TICKET_REFUSED: input(
    401,
    4,
    d => `This link ${s(d['why'])}.`,
    d => `boxyard display ${s(d['devbox'] ?? 'DEVBOX')} --browser`,
  ),
  FORBIDDEN: input(
    403,
    4,
    d => `Your access (${s(d['access'] ?? 'none')}) does not allow this.`,
    d => s(d['hint'] ?? 'Ask an owner or admin of the tenant.'),
  ),
  ORIGIN_REFUSED: input(
    403,
    4,
    d => `Requests for ${s(d['host'] ?? d['origin'])} are refused here.`,
    'boxyard server --public-url URL names the address people use.',
  ),
  WORKER_FORBIDDEN: input(
    403,
    4,
    d => `This worker ${s(d['why'] ?? 'belongs to another tenant')}.`,
    'boxyard workers invite, then join again.',
  ),
  INVITATION_INVALID: input(401, 4, 'This invitation is not known here.', 'boxyard workers invite'),
  INVITATION_USED: input(409, 6, d => `This invitation was used by ${s(d['worker'])} at ${s(d['at'])}.`, 'boxyard workers invite'),
  INVITATION_EXPIRED: input(410, 6, d => `This invitation expired at ${s(d['at'])}.`, 'boxyard workers invite'),
  WRONG_SERVER: environment(
    421,
    6,
    d => `The server at ${s(d['address'])} is not the one that made this ${s(d['what'] ?? 'invitation')}.`,
    d => `Its key is ${s(d['found'])}, not ${s(d['expected'])}. Nothing was sent. Check the address with the person who invited you.`,
  ),
  LIMIT_REACHED: input(
    429,
    6,
    d => `The limit of ${s(d['what'])} is ${s(d['limit'])}, and it is reached.`,
    d => s(d['hint'] ?? 'Remove one, or raise the limit: boxyard tenants set.'),
  ),
  TOO_MANY_REQUESTS: input(429, 1, d => `Too many ${s(d['what'] ?? 'requests')}.`, 'Try again later.'),
  ...machineEntries,
  // displays
  RFB_INVALID: environment(
    502,
    6,
    d => `The display sent ${s(d['issue'])}.`,
    'It is no VNC server, or one that cannot be trusted: look at what listens there.',
  ),
  DISPLAY_UNAVAILABLE: environment(
    400,
    6,
    d => `${s(d['devbox'] ?? 'The DevBox')} shows no desktop: ${s(d['issue'])}.`,
    d => s(d['hint'] ?? ''),
  ),
  DISPLAY_DENIED: environment(
    502,
    6,
    d => `The display refused: ${s(d['reason'])}.`,
    'Close it and open it again: it gets a new password then.',
  ),
  DISPLAY_STUCK: environment(
    504,
    6,
    d => (d['seconds'] === undefined ? 'The display takes nothing any more.' : `The display showed nothing within ${s(d['seconds'])} s.`),
    'Close it and open it again.',
    true,
  ),
  REQUEST_TIMEOUT: environment(504, 124, d => `No answer within ${s(d['seconds'])} s.`, '--request-timeout SECONDS waits longer.', true),
  WAIT_TIMEOUT: environment(408, 124, d => `${s(d['what'])} did not end within ${s(d['seconds'])} s; it goes on.`, ''),
  ALREADY_RUNNING: environment(
    409,
    6,
    d => `Boxyard already runs here (pid ${s(d['pid'])}, ${s(d['workers'] ?? 0)} ${d['workers'] === 1 ? 'worker' : 'workers'}).`,
    'boxyard opens its dashboard; boxyard down stops it.',
  ),
  PORT_BUSY: environment(
    409,
    6,
    d => `${s(d['address'])} is held by ${s(d['holder'] ?? 'another program')}.`,
    d => s(d['hint'] ?? `boxyard up --listen ${s(d['suggestion'])}`),
  ),
  REDIS_MISSING: environment(500, 1, 'redis-server is not installed.', 'sudo apt-get install redis-server'),
  REDIS_UNAVAILABLE: environment(503, 8, 'The server cannot reach its Redis.', 'Nothing was accepted; try again in a few seconds.', true),
  REDIS_UNFIT: environment(
    500,
    1,
    d => `This Redis cannot hold jobs: ${s(d['issue'])}.`,
    d => s(d['hint'] ?? 'maxmemory-policy noeviction, appendonly yes'),
  ),
  BLOB_DIR_NOT_SHARED: environment(
    500,
    1,
    d => `${s(d['dir'])} is not the folder the first server uses.`,
    'Servers on one Redis need one shared BOXYARD_BLOB_DIR.',
  ),
  STATE_DIR_BUSY: environment(
    409,
    6,
    d => `Another ${s(d['what'])} (pid ${s(d['pid'])}) uses ${s(d['dir'])}.`,
    'Stop it first, or name another directory.',
  ),
  FILE_UNSAFE: environment(
    400,
    1,
    d => `${s(d['file'])} may be read by others.`,
    d => `chmod 600 ${s(d['file'])}`,
  ),
  INSECURE_LISTEN: input(400, 2, d => `${s(d['address'])} is not loopback and --insecure-behind-proxy needs --public-url.`, ''),
  PROTOCOL_MISMATCH: environment(
    426,
    1,
    d => `This server speaks protocol ${s(d['server'])}, the worker ${s(d['worker'])}.`,
    'Upgrade the older of the two; its DevBoxes stay.',
  ),
  INTERRUPTED: environment(499, 130, 'Interrupted.', ''),
  INTERNAL: entry('bug', 500, 1, 'Something in Boxyard went wrong.', 'Please report it, with its log.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof catalogue;
