import {Readable} from 'node:stream';
import {BoxyardError} from '@boxyard/core/errors';
import type {Exit, Source, Step} from '@boxyard/core/protocol';
import {checkBranch, parseRepoUrl} from '@boxyard/core/security/repo-url';
import {boxOf, engineCall, execInBox, type StepContext} from './context.ts';
import {secretRefs, secretsOf} from './secret-files.ts';
import {tarOf} from './tar-of.ts';

type Setup = Extract<Step, {do: 'container.setup'}>;
type Repo = Extract<Source, {kind: 'repo'}>;

const WORKSPACE = '/workspace';
const NO_GIT = 90;
const REFUSED = 91;

/** In order: the directory or the repository, the task file, the commands. Everything they print is the job's `log`. */
export async function containerSetup(context: StepContext, step: Setup): Promise<void> {
  await context.phase('setup', async () => {
    if (step.source?.kind === 'dir') await putDirectory(context, step.box, step.source.blob);
    // What runs in the box has its secrets, and may print them.
    const {all: secrets} = await secretsOf(context, secretRefs(context, step.box));
    if (step.source?.kind === 'repo') await clone(context, step.box, {source: step.source, secrets});
    if (step.task !== undefined) await putTask(context, step.box, step.task);
    for (const [index, command] of step.commands.entries()) await runCommand(context, step.box, {command, index, secrets});
  });
}

async function putDirectory(context: StepContext, name: string, blob: string): Promise<void> {
  const box = await boxOf(context, name);
  const put = filesOf(context).put.bind(filesOf(context));
  await engineCall(
    context,
    'put',
    async signal => {
      const archive = context.parts.streams.read(context.of, blob, signal);
      try {
        await put(box, WORKSPACE, archive, signal);
      } finally {
        archive.destroy();
      }
    },
    context.parts.timing.setup,
  );
}

async function putTask(context: StepContext, name: string, task: string): Promise<void> {
  const box = await boxOf(context, name);
  const put = (signal: AbortSignal) =>
    filesOf(context).put(box, WORKSPACE, Readable.from([tarOf('BOXYARD_TASK.md', Buffer.from(task))]), signal);
  await engineCall(context, 'put', put);
}

function filesOf(context: StepContext) {
  const {files} = context.parts.engines.get(context.start.engine).features;
  if (!files) throw new BoxyardError('UNSUPPORTED', {what: 'files', by: context.start.engine});
  return files;
}

/**
 * The clone runs in the box, as the box's user, into a folder of its own first: what was cut off is thrown away by the next
 * try. Address, branch and depth come as arguments of sh, credentials by environment to a helper that only git asks.
 */
const cloneScript = `
command -v git >/dev/null 2>&1 || exit ${NO_GIT}
cd "\${BOXYARD_WORKSPACE:-${WORKSPACE}}" 2>/dev/null || { mkdir -p ${WORKSPACE} && cd ${WORKSPACE}; } || exit 1
[ -e .git ] && exit 0
rm -rf .boxyard-clone; mkdir .boxyard-clone || exit 1
url=$1; branch=$2; depth=$3; set --
[ -n "$branch" ] && set -- "$@" --branch "$branch"
[ -n "$depth" ] && set -- "$@" --depth "$depth"
git -c protocol.ext.allow=never -c protocol.file.allow=never -c core.hooksPath=/dev/null clone --no-recurse-submodules "$@" -- "$url" .boxyard-clone/tree 2>.boxyard-clone/said
code=$?
cat .boxyard-clone/said >&2
if [ $code -ne 0 ]; then
  grep -qiE 'authentication failed|could not read (username|password)|permission denied|repository not found|terminal prompts disabled|error: 40[134]' .boxyard-clone/said && code=${REFUSED}
  rm -rf .boxyard-clone
  exit $code
fi
for f in .boxyard-clone/tree/* .boxyard-clone/tree/.[!.]* .boxyard-clone/tree/..?*; do [ -e "$f" ] || [ -L "$f" ] || continue; mv -f -- "$f" . || exit 1; done
rm -rf .boxyard-clone
`;

const helper = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$BOXYARD_GIT_USER" "$BOXYARD_GIT_PASSWORD"; }; f`;

interface Cloning {
  readonly source: Repo;
  readonly secrets: readonly string[];
}

async function clone(context: StepContext, box: string, {source, secrets}: Cloning): Promise<void> {
  const {host, url} = parseRepoUrl(source.url);
  if (source.branch !== undefined) checkBranch(source.branch);
  const secret = source.secret === undefined ? undefined : (await context.parts.secrets.of(context.of, context.signal))[source.secret];
  await context.log(`cloning ${url}${source.branch === undefined ? '' : ` (${source.branch})`}\n`);
  const state = await execInBox(context, {
    slot: `clone-${context.index}`,
    box,
    argv: ['sh', '-c', cloneScript, 'boxyard-clone', url, source.branch ?? '', source.depth === undefined ? '' : String(source.depth)],
    env: {GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -oBatchMode=yes', BOXYARD_JOB: context.of.job, ...credentialEnv(secret, url)},
    into: 'log',
    secrets: secret === undefined ? secrets : [...secrets, ...secretParts(secret)],
  });
  checkClone(state.exit, {host, image: imageOf(context, box)});
}

function checkClone(exit: Exit | undefined, {host, image}: {host: string; image: string}): void {
  if (isZero(exit)) return;
  const code = exit && 'code' in exit ? exit.code : undefined;
  if (code === NO_GIT) throw new BoxyardError('GIT_MISSING', {image});
  if (code === REFUSED) throw new BoxyardError('GIT_REFUSED', {host});
  throw new BoxyardError('SETUP_FAILED', {issue: `git clone ended with ${describe(exit)}`});
}

/** A box that another job made is known here by its name alone, and that says nothing to a person. */
function imageOf(context: StepContext, box: string): string {
  const made = context.start.steps.find(step => step.do === 'container.create' && step.spec.name === box);
  return made?.do === 'container.create' ? (made.spec.image ?? 'The box') : 'The box';
}

/** Asked for that host alone: a server it sends git on to does not get them. */
function credentialEnv(secret: string | undefined, url: string): Record<string, string> {
  if (secret === undefined || !url.startsWith('https:')) return {};
  const colon = secret.indexOf(':');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `credential.${new URL(url).origin}.helper`,
    GIT_CONFIG_VALUE_0: helper,
    BOXYARD_GIT_USER: colon < 0 ? 'x-access-token' : secret.slice(0, colon),
    BOXYARD_GIT_PASSWORD: colon < 0 ? secret : secret.slice(colon + 1),
  };
}

const secretParts = (secret: string) => [secret, secret.slice(secret.indexOf(':') + 1)];

interface SetupCommand {
  readonly command: string;
  readonly index: number;
  readonly secrets: readonly string[];
}

async function runCommand(context: StepContext, box: string, {command, index, secrets}: SetupCommand): Promise<void> {
  await context.log(`$ ${command}\n`);
  const run = `cd "\${BOXYARD_WORKSPACE:-${WORKSPACE}}" 2>/dev/null; eval "$1"`;
  const argv = ['sh', '-c', run, 'boxyard-setup', command];
  const state = await execInBox(context, {
    slot: `setup-${context.index}-${index}`,
    box,
    argv,
    env: {BOXYARD_JOB: context.of.job},
    into: 'log',
    secrets,
  });
  if (isZero(state.exit)) return;
  throw new BoxyardError('SETUP_FAILED', {issue: `\`${command}\` ended with ${describe(state.exit)}`});
}

const isZero = (exit: Exit | undefined) => exit !== undefined && 'code' in exit && exit.code === 0;
const describe = (exit: Exit | undefined) => (exit === undefined ? 'nothing' : 'code' in exit ? `code ${exit.code}` : exit.unknown);
