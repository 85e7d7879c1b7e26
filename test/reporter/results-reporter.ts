import { cpus } from 'node:os'
import { relative } from 'node:path'
import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestProject,
  TestSpecification,
  Vitest,
} from 'vitest/node'
import { CODE_PATHS, fingerprint, LONG_PATHS, ROOT, readOrigin } from './fingerprint.ts'
import { foldersLeft } from './made-folders.ts'
import { declaredParts, NOT_RUN } from './parts.ts'
import { type RecordedTest, type ResultState, recordPath, writeRecord } from './results.ts'

/** What a finished run comes to. */
interface Tally {
  readonly passed: number
  readonly failed: number
}

function stateOf(test: TestCase): ResultState {
  const result = test.result()
  if (result.state === 'passed') return 'passed'
  if (result.state !== 'skipped') return 'failed'
  return result.note?.startsWith(NOT_RUN) === true || isLeftOut(test) ? 'not run' : 'failed'
}

/** Whether `-t` asked for other tests. What is skipped by its own code is marked so, and told as failed all the same. */
function isLeftOut(test: TestCase): boolean {
  const pattern = test.project.config.testNamePattern
  return pattern !== undefined && !pattern.test(test.fullName.replaceAll(' > ', ' '))
}

function toRecorded(test: TestCase): RecordedTest {
  return {
    file: fileOf(test.module),
    name: test.fullName,
    state: stateOf(test),
  }
}

function fileOf(module: TestModule): string {
  return relative(ROOT, module.moduleId).replaceAll('\\', '/')
}

/** Counts a module that failed to load, or in which no test ran, as one failure. */
function moduleFailures(module: TestModule): number {
  return module.errors().length > 0 || module.children.size === 0 ? 1 : 0
}

function tally(modules: readonly TestModule[], unhandled: number): Tally {
  let passed = 0
  let failed = unhandled
  for (const module of modules) {
    failed += moduleFailures(module)
    for (const test of module.children.allTests()) {
      const state = stateOf(test)
      if (state === 'passed') passed += 1
      else if (state === 'failed') failed += 1
    }
  }
  return { passed, failed }
}

async function isWholeRun(vitest: Vitest, project: TestProject, ran: readonly TestModule[]): Promise<boolean> {
  if (vitest.config.testNamePattern !== undefined || vitest.config.shard !== undefined) return false
  const { testFiles } = await project.globTestFiles()
  const files = new Set(ran.map((module) => module.moduleId))
  return testFiles.every((file) => files.has(file))
}

/**
 * Prints `N passed, N failed` as the last line of a run, and records each whole run of a project.
 *
 * A temporary folder that a test left behind is a failure. A skipped test is one too, unless a part that it needs is not declared: then it is told as "not run". A run of some
 * files, or by name, leaves the records as they are, and counts what it asked for.
 */
export default class ResultsReporter implements Reporter {
  #vitest: Vitest | undefined
  #fingerprints = new Map<string, string>()

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    // Taken before the first test, so that an edit during the run makes its record stale.
    for (const { project } of specifications) {
      if (this.#fingerprints.has(project.name)) continue
      this.#fingerprints.set(project.name, fingerprint(project.name === 'long' ? LONG_PATHS : CODE_PATHS))
    }
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: 'passed' | 'interrupted' | 'failed',
  ): Promise<void> {
    if (reason !== 'interrupted') await this.#record(modules, unhandled.length)
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    for (const test of tests) this.#tell(test)
    const left = reason === 'interrupted' ? [] : foldersLeft()
    for (const folder of left) console.log(`failed: left behind by a test: ${folder}`)
    const { passed, failed } = tally(modules, unhandled.length + left.length)
    if (failed > 0) process.exitCode = 1
    console.log(`\n${passed} passed, ${failed} failed`)
  }

  #tell(test: TestCase): void {
    const result = test.result()
    if (result.state !== 'skipped' || isLeftOut(test)) return
    const label = stateOf(test) === 'not run' ? result.note : 'failed: skipped'
    console.log(`${label}: ${test.fullName}`)
  }

  async #record(modules: readonly TestModule[], unhandled: number): Promise<void> {
    const vitest = this.#vitest
    if (vitest === undefined) return
    for (const project of new Set(modules.map((module) => module.project))) {
      const ran = modules.filter((module) => module.project === project)
      if (!(await isWholeRun(vitest, project, ran))) continue
      writeRecord({
        project: project.name,
        ...readOrigin(),
        fingerprint: this.#fingerprints.get(project.name) ?? '',
        finishedAt: new Date().toISOString(),
        machine: `node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} processors`,
        parts: declaredParts(),
        ...tally(ran, unhandled),
        tests: ran.flatMap((module) => [...module.children.allTests()].map(toRecorded)),
      })
      if (project.name === 'long') console.log(`recorded in ${relative(ROOT, recordPath('long'))}: commit it`)
    }
  }
}
