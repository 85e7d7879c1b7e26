import type { SourcePosition } from '../../document/document.ts'
import type { Fault, SourceProblem } from '../../document/problem.ts'
import { schemaProblems } from '../../document/schema-problems.ts'
import { verbs } from '../../document/verbs.ts'
import { type PolicySource, readYaml, type YamlSource } from '../../document/yaml-source.ts'
import { type CaseSource, caseKeys, casesSchema } from './case-schema.ts'

/** One expected decision or several alike, with its place. */
export interface PolicyCase {
  readonly expected: CaseSource
  readonly source: SourcePosition
}

/** What {@link parseCases} gives: all cases of a file, or every problem that it has. */
export type CasesParseResult =
  | { readonly ok: true; readonly cases: readonly PolicyCase[] }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] }

/** Parses a file of expected decisions, as strictly as a policy. */
export function parseCases(source: PolicySource): CasesParseResult {
  const problems: SourceProblem[] = []
  const file = readYaml(source, problems)
  if (file === undefined) return { ok: false, problems }
  const parsed = casesSchema.safeParse(file.value)
  if (!parsed.success) problems.push(...schemaProblems(file, parsed.error.issues, caseKeys))
  else problems.push(...parsed.data.cases.flatMap((each, index) => checkCase(each, index, file)))
  if (problems.length > 0 || !parsed.success) {
    return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) }
  }
  const cases = parsed.data.cases.map((expected, index) => ({ expected, source: file.positionOf(['cases', index]) }))
  return { ok: true, cases }
}

function checkCase(
  { ask, partition, expect, ...wanted }: CaseSource,
  index: number,
  file: YamlSource,
): SourceProblem[] {
  const at = (key: string, fault: Fault): SourceProblem => ({ ...file.keyPositionOf(['cases', index], key), ...fault })
  const asked = Object.keys(ask)
  const problems: SourceProblem[] = []
  if (asked.length === 0) {
    const mend = 'add a verb such as `consume: […]`'
    problems.push(at('ask', { code: 'ERR_POLICY_EMPTY', message: '`ask` names nothing to do', mend }))
  }
  const whole = asked.find((verb) => verbs.get(verb as 'consume')?.partitioned !== true)
  if (partition !== undefined && whole !== undefined) {
    const message = `\`partition\` says nothing of \`${whole}\``
    problems.push(at('partition', { code: 'ERR_POLICY_PARTITIONS', message, mend: 'make two cases of it' }))
  }
  const idle = (['masks', 'only', 'approvals', 'audit'] as const).filter(
    (key) => expect === 'deny' && wanted[key] !== undefined,
  )
  for (const key of idle) {
    const message = `\`${key}\` says nothing of what is denied`
    problems.push(at(key, { code: 'ERR_POLICY_UNSUPPORTED_KEY', message, mend: 'remove it' }))
  }
  return problems
}
