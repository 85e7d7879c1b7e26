import type { KeepList } from '@headgate/masking'
import { sortedUnique } from '../../canonical.ts'
import type { PolicyDocument } from '../../document/document.ts'
import type { SourceProblem } from '../../document/problem.ts'
import { parseInstant } from '../../document/schedule.ts'
import { buildKeepList } from '../../document/unmask.ts'
import { keepWords } from '../../keep-list.ts'
import { printable } from '../../printable.ts'
import { actionOf, principalWords, quoted, quotedList, strategyWord } from '../access-words.ts'
import { hiddenBy } from '../diff/strictness.ts'
import { type Explanation, explainDecision } from '../explain/explain-decision.ts'
import { requestOf } from '../request-words.ts'
import type { CaseSource } from './case-schema.ts'
import type { PolicyCase } from './parse-cases.ts'

/** What came of one request of a case. */
export interface CaseResult {
  /** The case and the request. */
  readonly name: string
  readonly case: PolicyCase
  /** What is otherwise than expected; empty where nothing is. */
  readonly failures: readonly string[]
  readonly explanation: Explanation
}

/** Decides every request of every case. */
export function runCases(document: PolicyDocument, cases: readonly PolicyCase[]): readonly CaseResult[] {
  return cases.flatMap((each) =>
    Object.entries(each.expected.ask).flatMap(([verb, names]) =>
      (names as readonly string[]).map((name) => runRequest(document, each, verb, name)),
    ),
  )
}

function runRequest(document: PolicyDocument, each: PolicyCase, verb: string, name: string): CaseResult {
  const { expected } = each
  const groups = expected.groups === 'unknown' ? undefined : (expected.groups ?? [])
  const { as, kind, claims, partition } = expected
  const words = { as, groups, kind, claims, verb, name, partition }
  const { principal, request } = requestOf(words)
  const atUnixMs = expected.at === undefined ? undefined : parseInstant(expected.at)
  const explanation = explainDecision(document, principal, request, atUnixMs)
  const action = actionOf(request.resourceType, request.operation)
  const wish = request.resourceType === 'cluster' ? action : `${action} ${quoted(name)}`
  const title = `${expected.name === undefined ? '' : `${printable(expected.name)}: `}${principalWords(principal)}, ${wish}`
  return { name: title, case: each, failures: failuresOf(expected, explanation), explanation }
}

function failuresOf(expected: CaseSource, { decision }: Explanation): string[] {
  const { effect, reason, ruleIds, obligations } = decision
  const approvals = obligations?.approvals.map(({ protection }) => protection) ?? []
  const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : quotedList(sortedUnique(names)))
  const compare = (what: string, wanted: string | undefined, actual: string): string[] =>
    wanted === undefined || wanted === actual ? [] : [`${what}: expected ${wanted}, is ${actual}`]
  const whole = [
    ...compare('decision', expected.expect, effect),
    ...compare('reason', expected.reason, reason),
    ...compare('rules', expected.rules && list(expected.rules), list(ruleIds)),
  ]
  // What is denied obliges to nothing.
  if (effect === 'deny') return whole
  const masked = obligations?.mask === undefined ? [] : maskWords(obligations.mask)
  return [
    ...whole,
    ...compare('masks', expected.masks && list(wantedMasks(expected.masks)), list(masked)),
    ...compare('only', expected.only && shownWords(wantedList(expected.only)), shownWords(obligations?.mask?.only)),
    ...compare('approvals', expected.approvals && list(expected.approvals), list(approvals)),
    ...compare('audit', expected.audit, obligations?.audit ?? 'standard'),
  ]
}

function wantedList(only: readonly string[] | 'everything'): KeepList | undefined {
  return only === 'everything' ? undefined : buildKeepList(only)
}

function shownWords(only: KeepList | undefined): string {
  return only === undefined ? 'everything' : quotedList(keepWords(only))
}

function maskWords(mask: Parameters<typeof hiddenBy>[0]): string[] {
  return [...hiddenBy(mask).words].map(([word, strategy]) => `${word}: ${strategyWord(strategy)}`)
}

function wantedMasks(masks: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(masks).map(([word, strategy]) => `${word}: ${String(strategy)}`)
}

/** Failed cases as problems, for SARIF. */
export function caseProblems(results: readonly CaseResult[]): readonly SourceProblem[] {
  return results
    .filter(({ failures }) => failures.length > 0)
    .map(({ name, case: { source }, failures, explanation }) => ({
      path: source.path,
      line: source.line,
      column: source.column,
      code: 'unexpected-decision',
      message: `${name}: ${failures.join('; ')}`,
      mend: explanation.text,
    }))
}
