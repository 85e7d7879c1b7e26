import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

// Packages resolve to their sources, so that no test but those of the packages themselves needs a build.
const conditions = ['@headgate/source', 'node', 'import', 'module', 'default']
const MINUTE_MS = 60_000

// What Headgate writes while tests run is kept here, and searched by the last of them.
if (process.env['HEADGATE_SWEEP_FOLDER'] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-sweep-'))
  process.env['HEADGATE_SWEEP_FOLDER'] = folder
  // However the run ends: behind the last test and the reporter.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
}

const noteFolders = fileURLToPath(new URL('reporter/note-folders.ts', import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    setupFiles: [noteFolders],
    reporters: ['default', './test/reporter/results-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/{src,codegen,build,scripts}/**/*.test.ts', 'test/{reporter,claims}/**/*.test.ts'],
          benchmark: { include: [] },
          // What must not take long says so itself; properties take as long as the machine is busy.
          testTimeout: MINUTE_MS / 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'packaging',
          include: ['test/packaging/**/*.test.ts'],
          benchmark: { include: [] },
          fileParallelism: false,
          testTimeout: 3 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/*/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/{reporter,claims,packaging,long,sweep}/**'],
          setupFiles: [noteFolders, fileURLToPath(new URL('sweep/record-errors.ts', import.meta.url))],
          benchmark: { include: [] },
          fileParallelism: false,
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'sweep',
          include: ['test/sweep/**/*.test.ts'],
          benchmark: { include: [] },
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          // Beside what is long by itself, the comparison of masking with JSON.parse over 300,000 documents, and that of the
          // compiled policy with the naive one over 108,000 requests of 9,000 policies, and as many under protections by half.
          include: [
            'test/long/**/*.test.ts',
            'packages/masking/src/json/differential.test.ts',
            'packages/policy/src/program/differential.test.ts',
          ],
          env: { HEADGATE_FUZZ_RUNS: '300000', HEADGATE_POLICY_RUNS: '9000' },
          benchmark: { include: [] },
          fileParallelism: false,
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 10 * MINUTE_MS,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
