// Test fixture: parses a policy text, and marks with `^` where problems are.
import { expect } from 'vitest'
import { type PolicyParseResult, parsePolicy } from './parse-policy.ts'
import type { SourceProblem } from './problem.ts'

/** For policies without parts. */
export const noParts = (): string => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

/** Parses a text as `conf/policy.yaml`. */
export function parse(text: string, readPart: (path: string) => string = noParts): PolicyParseResult {
  return parsePolicy({ path: 'conf/policy.yaml', text }, readPart)
}

/** The problems of a text. */
export function problemsOf(text: string, readPart?: (path: string) => string): readonly SourceProblem[] {
  const result = parse(text, readPart)
  return result.ok ? [] : result.problems
}

/** Codes of problems, with a `^` in the text before each place that one names. */
export function markedBy(text: string): string[] {
  const problems = problemsOf(text.replaceAll('^', ''))
  const places = [...text.matchAll(/\^/g)].map(({ index }) => {
    const before = text.slice(0, index).split('\n')
    const earlierOnLine = before.at(-1)?.split('^').length ?? 1
    return { line: before.length, column: (before.at(-1)?.length ?? 0) - earlierOnLine + 2 }
  })
  expect(problems.map(({ line, column }) => [line, column])).toEqual(places.map(({ line, column }) => [line, column]))
  return problems.map(({ code }) => code.replace('ERR_POLICY_', ''))
}
