import {readFileSync} from 'node:fs';
import type {KnipConfig} from 'knip';

const {dependencies} = JSON.parse(readFileSync(`${import.meta.dirname}/package.json`, 'utf8')) as {dependencies: Record<string, string>};

export default {
  workspaces: {
    '.': {
      entry: [
        'scripts/*.ts',
        'bench/run.ts',
        'bench/programs/*.ts',
        'faults/run.ts',
        'faults/primitives/hostile-engine.ts',
        'e2e/**/*.test.ts',
        'examples/**/*.ts',
      ],
      project: ['scripts/**/*.ts', 'e2e/**/*.ts', 'bench/**/*.ts', 'faults/**/*.ts'],
      // The root lists what the packed bundles import; a packaging test compares the two. The rest are commands.
      ignoreDependencies: [...Object.keys(dependencies), /^@boxyard\//, 'oxlint-tsgolint', 'oclif', 'lerna', /^@changesets\//],
    },
    'packages/*': {
      entry: [
        'src/server-main.ts',
        'src/reporter-main.ts',
        'src/agent-main.ts',
        'src/session-host/main.ts',
        'src/display-page/page.ts',
        'src/run.ts',
        'src/verify-main.ts',
        'src/commands/**/*.{ts,tsx}',
        'src/hooks/*.ts',
        'src/{engines,displays,reporters}/*/index.ts',
        'test/**/*.test.{ts,tsx}',
      ],
      project: ['src/**/*.{ts,tsx}', 'test/**/*.{ts,tsx}'],
    },
  },
  // What the machine brings; set-up and doctor know about these.
  ignoreBinaries: [
    'dbus-daemon',
    'systemd-analyze',
    'nsenter',
    'iptables',
    'unshare',
    'redis-server',
    'redis-cli',
    'openssl',
    'pwsh',
    'ssh-keygen',
    'ssh',
    'sshd',
    'docker',
    'podman',
    'tmux',
  ],
  ignoreExportsUsedInFile: true,
  // A type beside an exported function belongs to its contract, used by name or not.
  exclude: ['types', 'duplicates'],
  treatConfigHintsAsErrors: false,
} satisfies KnipConfig;
