import {defineConfig} from 'vitest/config';

/** `packages`: one part each, many files at once. `e2e`: whole programs, engines and Redis; two files at once, after the others. */
export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    globalSetup: ['scripts/temporary.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A second, as is usual, is soon over on a machine that does other things.
    expect: {poll: {timeout: 10_000}},
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      {extends: true, test: {name: 'packages', include: ['packages/*/test/**/*.test.{ts,tsx}'], maxWorkers: 4, sequence: {groupOrder: 0}}},
      // A story has many steps, and a machine that does other things at the same time is no fault of ours.
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          maxWorkers: 2,
          sequence: {groupOrder: 1},
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
