import type { SourcePosition } from '../../document/document.ts'
import { operationName } from '../../operation.ts'
import { printable } from '../../printable.ts'
import { actionOf, outcomeData, outcomeWords, principalWords, quoted, quotedList } from '../access-words.ts'
import type { Explanation } from './explain-decision.ts'
import type { NearMiss } from './near-miss.ts'

const MAX_NEAR_MISSES = 10

const placeOf = ({ path, line }: SourcePosition): string => `${printable(path)}:${line}`

/** An explanation in words, several lines. */
export function describeExplanation(explanation: Explanation): string {
  const { principal, decision, text, rules, nearMisses, protections, smallestGrant } = explanation
  const near = nearMisses.slice(0, MAX_NEAR_MISSES).map(nearMissWords)
  if (nearMisses.length > near.length) near.push(`and ${nearMisses.length - near.length} more`)
  return [
    `${principalWords(principal)}: ${outcomeWords(decision)}`,
    `  ${text} (${decision.reason})`,
    ...section(
      'rules that matched',
      rules.map(({ ruleId, effect, source, isUncertain, only }) => {
        const does = effect === 'allow' ? 'grants it' : 'denies it'
        return `${placeOf(source)} ${quoted(ruleId)} ${does}${partWords(only)}${isUncertain ? ', for the groups are unknown' : ''}`
      }),
    ),
    ...section('near misses', near),
    ...section(
      'protections',
      protections.map(({ id, source, asks }) => `${placeOf(source)} ${quoted(id)} ${asks.join('; ')}`),
    ),
    ...section('the smallest grant that would do', smallestGrant?.split('\n') ?? []),
  ].join('\n')
}

function partWords(only: readonly string[] | undefined): string {
  return only === undefined ? '' : `, only ${quotedList(only)}`
}

function nearMissWords({ ruleId, effect, source, because, only }: NearMiss): string {
  const would = effect === 'allow' ? 'would grant it' : 'would deny it'
  return `${placeOf(source)} ${quoted(ruleId)} ${would}${partWords(only)}, but ${because}`
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)]
}

/** An explanation as plain data, for machines. */
export function explanationData(explanation: Explanation): object {
  const { principal, request, decision, text, rules, nearMisses, protections, smallestGrant } = explanation
  const { resourceType, operation, name, partition = -1 } = request
  return {
    principal: { ...principal, groups: principal.groups ?? null },
    request: {
      resourceType,
      operation: operationName(operation),
      action: actionOf(resourceType, operation),
      name,
      ...(partition < 0 ? {} : { partition }),
    },
    decision: outcomeData(decision),
    text,
    rules,
    nearMisses,
    protections,
    smallestGrant: smallestGrant ?? null,
  }
}
