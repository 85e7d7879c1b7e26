import { printable } from '../../printable.ts'
import { describeExplanation, explanationData } from '../explain/explain-words.ts'
import type { CaseResult } from './run-cases.ts'

/** Failed cases in words, each with the reasons for the decision, and how many passed. */
export function describeCases(results: readonly CaseResult[]): string {
  const failed = results.filter(isFailed)
  const blocks = failed.map(({ name, case: { source }, failures, explanation }) =>
    [
      `${printable(source.path)}:${source.line}:${source.column}: ${name}`,
      ...failures.map((failure) => `    ${failure}`),
      ...describeExplanation(explanation)
        .split('\n')
        .map((line) => `      ${line}`),
    ].join('\n'),
  )
  return [...blocks, `${results.length - failed.length} passed, ${failed.length} failed`].join('\n')
}

/** What came of every case as plain data, for machines. */
export function casesData(results: readonly CaseResult[]): object[] {
  return results.map((result) => ({
    name: result.name,
    ok: !isFailed(result),
    source: result.case.source,
    failures: result.failures,
    ...explanationData(result.explanation),
  }))
}

/** What came of every case as JUnit's XML: a suite for each file. */
export function junitOf(results: readonly CaseResult[]): string {
  const files = [...new Set(results.map(({ case: { source } }) => source.path))]
  const suites = files.map((file) => {
    const own = results.filter(({ case: { source } }) => source.path === file)
    const counts = `tests="${own.length}" failures="${own.filter(isFailed).length}" errors="0" skipped="0"`
    return [`  <testsuite name="${xml(file)}" ${counts}>`, ...own.map(testcase), '  </testsuite>'].join('\n')
  })
  const counts = `tests="${results.length}" failures="${results.filter(isFailed).length}" errors="0"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="headgate policy test" ${counts}>`,
    ...suites,
    '</testsuites>\n',
  ].join('\n')
}

const isFailed = ({ failures }: CaseResult): boolean => failures.length > 0

function testcase({ name, case: { source }, failures, explanation }: CaseResult): string {
  const head = `    <testcase name="${xml(name)}" classname="${xml(source.path)}" file="${xml(source.path)}" line="${source.line}"`
  if (failures.length === 0) return `${head}/>`
  const message = xml(failures.join('; '))
  const text = xml([...failures, describeExplanation(explanation)].join('\n'))
  return `${head}>\n      <failure message="${message}" type="unexpected-decision">${text}</failure>\n    </testcase>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** What XML cannot hold becomes a question mark. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
