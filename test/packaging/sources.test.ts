import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, ROOT } from '../reporter/fingerprint.ts'
import { isGenerated, isShipped } from './shipped.ts'

const CLOCK = 'packages/core/src/clock.ts'
// A turn of the event loop (`setImmediate`) is no time: nothing waits in it for a clock.
const TIME = /(?<![.\w])(?:Date\.now|performance\.now|setTimeout|setInterval)\b|\bnew Date\(\)|\bhrtime\b/
const OUTSIDE = /(?<![.\w])(?:console\.|process\.|fetch\()|\b(?:Clock|systemClock|LogPort|silentLog)\b/
const PURE = /^packages\/(?:compression\/src|wire\/src|masking\/src|policy\/src\/program)\//
const CAST_TO_ANY = /\bas any\b|:\s*any\b|<any>/
const HARD_LIMIT_LINES = 400

interface Source {
  readonly file: string
  readonly code: string
}

/** Reads files without their comments, line numbers kept. */
function read(files: readonly string[]): Source[] {
  const present = files.filter((file) => existsSync(join(ROOT, file)))
  return present.map((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    return { file, code: code.replace(/(^|\s)\/\/.*$/gm, '$1') }
  })
}

function linesWith(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ file, code }) =>
    code.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  )
}

const shipped = read(listFiles(['packages']).filter(isShipped))
const tests = read(listFiles().filter((file) => file.endsWith('.test.ts')))

test('time comes from the clock that was handed in', () => {
  expect(
    linesWith(
      shipped.filter(({ file }) => file !== CLOCK),
      TIME,
    ),
  ).toEqual([])
})

test('what decides and what reads bytes knows no clock, no log and no process', () => {
  expect(
    linesWith(
      shipped.filter(({ file }) => PURE.test(file)),
      OUTSIDE,
    ),
  ).toEqual([])
})

test('no type is `any`', () => {
  expect(linesWith(shipped, CAST_TO_ANY)).toEqual([])
})

test('a file by hand stays under the hard limit of lines, or says at its top why not', () => {
  const long = listFiles(['packages', 'test', 'examples']).filter(
    (file) => /(?<!\.test)\.ts$/.test(file) && !isGenerated(file),
  )
  const tooLong = long.filter((file) => {
    const text = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : ''
    return text.split('\n').length > HARD_LIMIT_LINES && !/^(\/\/|\/\*)/.test(text) && !/\/index\.ts$/.test(file)
  })

  expect(tooLong).toEqual([])
})

test('no test is skipped, left for later or run alone', () => {
  const marked = /\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b/
  expect(linesWith(tests, marked)).toEqual([])
})

test('every test file belongs to a project', () => {
  const homes = /^(?:packages\/[^/]+\/(?:src|codegen|build|scripts)|test\/[^/]+)\//
  expect(tests.map(({ file }) => file).filter((file) => !homes.test(file))).toEqual([])
})
