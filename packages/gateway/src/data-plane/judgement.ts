import type { ApprovalObligation, Decision, DecisionReason, Effect, Obligations } from '@headgate/policy'
import type { AskStatus } from '../control-port.ts'

/** A decision with the asks taken into account that it depends on. A decision that depends on none is its own judgement. */
export interface Judgement {
  readonly effect: Effect
  readonly reason: DecisionReason | 'approved' | 'approval-refused'
  readonly ruleIds: readonly string[]
  readonly obligations: Obligations | undefined
  readonly validUntilUnixMs: number | undefined
  /** The asks that it depends on: those that give access, the one that is waited for, or the one that was refused. */
  readonly asks?: readonly AskStatus[]
  /** What the mode of the resource keeps from taking effect. */
  readonly wouldBe?: Decision
}

/** Finds the newest ask for an approval, or opens one; `undefined` where there is none. */
export type AskFinder = (approval: ApprovalObligation) => AskStatus | undefined

/**
 * Settles a decision to hold: allowed while every approval it needs is active, refused once one was denied or has ended,
 * held otherwise. All asks that are wanted are looked for, so that they are opened at once and not one after another.
 */
export function settleHold(decision: Decision, findAsk: AskFinder, nowUnixMs: number): Judgement {
  const approvals = decision.obligations?.approvals ?? []
  const asks = approvals.map(findAsk)
  const refused = asks.find((ask) => ask !== undefined && isOver(ask, nowUnixMs))
  if (refused !== undefined) return settled(decision, 'deny', 'approval-refused', [refused])
  const given = asks.flatMap((ask) => (ask !== undefined && isActive(ask, nowUnixMs) ? [ask] : []))
  if (approvals.length > 0 && given.length === approvals.length) return settled(decision, 'allow', 'approved', given)
  const awaited = asks.flatMap((ask) => (ask === undefined || isActive(ask, nowUnixMs) ? [] : [ask]))
  return settled(decision, 'hold', 'approval-needed', awaited)
}

function settled(
  decision: Decision,
  effect: Effect,
  reason: Judgement['reason'],
  asks: readonly AskStatus[],
): Judgement {
  const ends = effect === 'allow' ? asks.map(({ endsAtUnixMs = 0 }) => endsAtUnixMs) : []
  const validUntilUnixMs = ends.length > 0 ? Math.min(...ends) : undefined
  return { ...decision, effect, reason, validUntilUnixMs, asks }
}

/** INVARIANT: access ends at its own time, whether or not anybody has told of it. */
function isActive({ state, startsAtUnixMs = 0, endsAtUnixMs = 0 }: AskStatus, nowUnixMs: number): boolean {
  return (state === 'active' || state === 'approved') && startsAtUnixMs <= nowUnixMs && nowUnixMs < endsAtUnixMs
}

function isOver({ state, endsAtUnixMs = 0 }: AskStatus, nowUnixMs: number): boolean {
  if (state === 'active' || state === 'approved') return nowUnixMs >= endsAtUnixMs
  return state !== 'pending'
}
