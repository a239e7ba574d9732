import {boolean, string} from '@oclif/core/flags';
import {choice, duration, repeated, size, whole} from './flags.ts';

/** What `run` and `devboxes create` both understand: which box, where, and how it is treated. */
export const boxFlags = {
  image: string({description: 'image to run (default: image of .boxyard.yaml, else the server’s)'}),
  engine: string({description: 'engine to run it with: podman, docker, process'}),
  worker: string({description: 'name or id of the worker'}),
  label: repeated({char: 'l', description: 'a label the worker must have; may be repeated', helpValue: 'KEY=VALUE'}),
  platform: choice('platform', ['linux', 'darwin'])({description: 'platform of the worker'}),
  profile: choice('profile', ['open', 'standard', 'strict', 'offline'])({description: 'security profile'}),
  network: choice('network', ['none', 'private', 'host'])({description: 'network of the box'}),
  memory: size('memory')({description: 'memory to reserve, and its limit'}),
  cpus: string({description: 'most CPUs it may use', helpValue: 'N'}),
  env: repeated({
    char: 'e',
    description: 'an environment variable; a bare KEY takes the value it has here; may be repeated',
    helpValue: 'KEY=VALUE',
  }),
  'env-file': repeated({
    description: 'variables from a file, kept secret and masked in output (6 characters or more); - reads stdin; may be repeated',
    helpValue: 'FILE',
  }),
  secret: repeated({
    description: 'hand a stored secret to it as a variable, or as a file in /run/boxyard/secrets with file:NAME=FILE; may be repeated',
    helpValue: 'NAME=VARIABLE',
  }),
  user: string({description: 'user inside the box'}),
  cwd: string({description: 'directory inside the box (default /workspace)', helpValue: 'DIR'}),
  repo: string({description: 'clone this repository into /workspace', helpValue: 'URL', exclusive: ['dir']}),
  branch: string({description: 'branch to clone', dependsOn: ['repo']}),
  depth: whole('depth', {min: 1, max: 1_000_000})({description: 'how much history to clone', dependsOn: ['repo']}),
  dir: string({description: 'send this directory to /workspace: git’s files, else all but .boxyardignore'}),
  timeout: duration('timeout')({description: 'end it after so long a run'}),
  'queue-timeout': duration('queue-timeout')({description: 'give up if it does not start in this time'}),
  grace: duration('grace')({description: 'how long it may take to end when asked to (default 10s)'}),
  retries: whole('retries', {min: 0, max: 100})({
    description: 'how often to try again when it fails, after 5 s, then twice as long each time up to 5 min',
  }),
  priority: whole('priority', {min: -100, max: 100})({description: 'higher goes first'}),
  'if-lost': choice('if-lost', ['fail', 'wait', 'retry'])({description: 'what to do when its worker is lost'}),
  idempotent: boolean({description: 'running it twice does no harm; --if-lost retry needs it'}),
  'idempotency-key': string({description: 'the same key makes no second job', helpValue: 'KEY'}),
};
