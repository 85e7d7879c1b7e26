import type { PolicyDocument } from '../document/document.ts'
import type { Schedule } from '../document/schedule.ts'
import { holdsAt, nextChangeAfter } from './schedule-time.ts'

/** What of a rule decides whether it applies at an instant. */
export interface ScheduledRule {
  readonly effect: 'allow' | 'deny'
  readonly when?: Schedule
}

/** Rules that apply at an instant, and when that has to be asked again. */
export interface RulesInForce<R> {
  readonly rules: readonly R[]
  readonly validUntilUnixMs: number
}

/**
 * The rules that apply at an instant. What cannot be known never widens: a schedule that cannot be looked up grants
 * nothing, and denies.
 *
 * @param atUnixMs without it, nothing is known of any schedule
 */
export function rulesInForce<R extends ScheduledRule>(
  rules: readonly R[],
  atUnixMs: number | undefined,
): RulesInForce<R> {
  let validUntilUnixMs = Number.POSITIVE_INFINITY
  const inForce = rules.filter(({ effect, when }) => {
    if (when === undefined) return true
    const standing = atUnixMs === undefined ? undefined : standingOf(when, atUnixMs)
    if (standing === undefined) return effect === 'deny'
    validUntilUnixMs = Math.min(validUntilUnixMs, standing.nextChange)
    return standing.holds
  })
  return { rules: inForce, validUntilUnixMs }
}

function standingOf(
  when: Schedule,
  atUnixMs: number,
): { readonly holds: boolean; readonly nextChange: number } | undefined {
  try {
    return { holds: holdsAt(when, atUnixMs), nextChange: nextChangeAfter(when, atUnixMs) }
  } catch {
    return undefined
  }
}

/**
 * A policy as it is at one instant: its rules that apply then, without their schedules.
 *
 * @param atUnixMs without it, nothing is known of any schedule
 */
export function documentAt(document: PolicyDocument, atUnixMs: number | undefined): PolicyDocument {
  if (document.rules.every(({ when }) => when === undefined)) return document
  const rules = rulesInForce(document.rules, atUnixMs).rules.map(({ when: _when, ...rule }) => rule)
  return { ...document, rules }
}
