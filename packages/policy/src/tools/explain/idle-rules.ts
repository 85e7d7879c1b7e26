import type { PolicyDocument, Rule, SourcePosition } from '../../document/document.ts'
import { scheduleText } from '../../document/schedule.ts'
import type { Principal } from '../../principal.ts'
import { rulesInForce } from '../../program/rules-in-force.ts'
import { matchWho } from '../../program/who.ts'
import { quotedList } from '../access-words.ts'

/** A rule that makes no difference to some principals at an instant, whatever they ask for. */
export interface IdleRule {
  readonly ruleId: string
  readonly effect: 'allow' | 'deny'
  readonly source: SourcePosition
  /** `who`: a grant that is for none of them. `when`: it does not apply at the instant. */
  readonly failed: 'who' | 'when'
  readonly because: string
}

/** The rules that do not apply at an instant, and the grants that are for none of some principals. */
export function idleRules(
  { rules }: PolicyDocument,
  principals: readonly Principal[],
  atUnixMs: number,
): readonly IdleRule[] {
  return rules.flatMap((rule): IdleRule[] => {
    const { id: ruleId, effect, source } = rule
    const head = { ruleId, effect, source }
    if (effect === 'allow' && !principals.some((principal) => matchWho(rule.who, principal) === 'true'))
      return [{ ...head, failed: 'who', because: whoWords(rule, principals) }]
    const { rules: inForce, validUntilUnixMs } = rulesInForce([rule], atUnixMs)
    if (rule.when === undefined || inForce.length > 0) return []
    const next = Number.isFinite(validUntilUnixMs) ? `; next at ${new Date(validUntilUnixMs).toISOString()}` : ''
    return [{ ...head, failed: 'when', because: `\`when\` wants ${scheduleText(rule.when)}${next}` }]
  })
}

function whoWords({ who }: Rule, principals: readonly Principal[]): string {
  if (who === 'everyone') return 'there is nobody'
  const { issuers, kinds } = who
  if (issuers !== undefined && !principals.some(({ issuer }) => issuers.includes(issuer)))
    return `it is for issuers ${quotedList(issuers)}`
  if (kinds !== undefined && !principals.some(({ kind }) => kind !== undefined && kinds.includes(kind)))
    return `it is for kinds ${quotedList(kinds)}`
  return 'it is for others'
}
