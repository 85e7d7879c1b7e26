import type { ApprovalObligation, Owner } from '@headgate/policy'
import type { AskScope, AskState } from '../../control-port.ts'
import { type Ask, type AskActor, type AskOrigin, type AskSource, type AskStep, approversOf, isEnded } from './ask.ts'
import { isFor, requireApprover } from './ask-access.ts'
import { AskDecidedError, AskNotRequesterError, AskReasonMissingError, AskStateError, AskTimeError } from './errors.ts'

/** Who takes a step, when by the server's clock, and what they say. */
export interface AskAct {
  readonly actor: AskActor
  readonly nowUnixMs: number
  readonly reason?: string | undefined
  readonly source?: AskSource
}

/** What an ask is opened with. */
export interface AskDraft {
  readonly id: string
  readonly scope: AskScope
  readonly approval: ApprovalObligation
  readonly owners: readonly (Owner | string)[]
  readonly ruleIds: readonly string[]
  readonly policyRevision: number
  readonly origin: AskOrigin
  readonly reason?: string | undefined
  /** The longest that the protection gives, unless less is asked for. */
  readonly durationMs?: number | undefined
  readonly windowStartUnixMs?: number | undefined
  readonly source?: AskSource
}

/** How far ahead a window may be asked for. */
const MAX_AHEAD_MS = 30 * 24 * 3_600_000

function withStep(ask: Ask, state: AskState, step: Omit<AskStep, 'revision'>, changes: Partial<Ask> = {}): Ask {
  const revision = ask.revision + 1
  return { ...ask, ...changes, state, revision, steps: [...ask.steps, { revision, ...step }] }
}

function stepOf(kind: AskStep['kind'], { actor, nowUnixMs, reason, source }: AskAct): Omit<AskStep, 'revision'> {
  return {
    kind,
    atUnixMs: nowUnixMs,
    by: { issuer: actor.issuer, subject: actor.subject },
    ...(reason === undefined ? {} : { reason }),
    ...(source === undefined ? {} : { source }),
  }
}

function assertPending(ask: Ask, nowUnixMs: number): void {
  // The deadline holds whether or not anything has noted that it has passed.
  const { state } = passTime(ask, nowUnixMs) ?? ask
  if (state !== 'pending') throw new AskStateError(state, 'only one that is pending can be decided on')
}

function assertTimes({ approval, durationMs = approval.forMs, windowStartUnixMs }: AskDraft, nowUnixMs: number): void {
  if (durationMs > approval.forMs)
    throw new AskTimeError(`the protection gives ${Math.floor(approval.forMs / 1000)} s at the longest`)
  if (windowStartUnixMs === undefined) return
  if (windowStartUnixMs < nowUnixMs) throw new AskTimeError('the window starts in the past')
  if (windowStartUnixMs > nowUnixMs + MAX_AHEAD_MS) throw new AskTimeError('the window starts too far ahead')
}

/**
 * Opens an ask: it is pending until it is decided, or its deadline has passed.
 *
 * @throws {AskTimeError} `ERR_GATEWAY_ASK_TIME`
 */
export function openAsk(draft: AskDraft, generation: number, nowUnixMs: number): Ask {
  assertTimes(draft, nowUnixMs)
  const { id, scope, approval, owners, ruleIds, policyRevision, origin, reason, windowStartUnixMs, source } = draft
  const durationMs = draft.durationMs ?? approval.forMs
  const decideByUnixMs = nowUnixMs + approval.decideWithinMs
  const { issuer, subject } = scope
  const act: AskAct = { actor: { issuer, subject, groups: undefined }, nowUnixMs, reason, ...(source && { source }) }
  return {
    ...{ id, revision: 1, state: 'pending', scope, generation, approval, owners, ruleIds, policyRevision, origin },
    ...(reason === undefined ? {} : { reason }),
    durationMs,
    ...(windowStartUnixMs === undefined ? {} : { windowStartUnixMs }),
    createdAtUnixMs: nowUnixMs,
    // A window that nobody has approved before its end cannot be had any more.
    decideByUnixMs: Math.min(decideByUnixMs, (windowStartUnixMs ?? Number.POSITIVE_INFINITY) + durationMs),
    steps: [{ revision: 1, ...stepOf('opened', act) }],
  }
}

/**
 * Adds the reason that an ask lacks; who decides may add it too, since traffic gives none. It is not changed under those
 * who have approved already.
 *
 * @throws {AskError}
 */
export function giveReason(ask: Ask, act: AskAct & { readonly reason: string }): Ask {
  if (!isFor(ask, act.actor)) requireApprover(ask, act.actor)
  if (ask.state !== 'pending') throw new AskStateError(ask.state, 'a reason is added while it is pending')
  if (ask.reason !== undefined) throw new AskStateError(ask.state, 'it has a reason already')
  if (approversOf(ask).length > 0) throw new AskStateError(ask.state, 'it was approved as it stands')
  return withStep(ask, 'pending', stepOf('reason-given', act), { reason: act.reason })
}

/**
 * Adds an approval. It is the last one when as many distinct people as the protection wants have approved.
 *
 * @throws {AskError}
 */
export function approve(ask: Ask, act: AskAct): Ask {
  const groups = requireApprover(ask, act.actor)
  assertPending(ask, act.nowUnixMs)
  if (ask.approval.reason === 'required' && ask.reason === undefined) throw new AskReasonMissingError()
  const voted = withStep(ask, 'pending', { ...stepOf('vote', act), groups })
  const people = approversOf(voted).length
  if (people === approversOf(ask).length) throw new AskDecidedError()
  if (people < ask.approval.people) return voted
  // Without a window the time counts from the approval; a window stays where it is.
  const startsAtUnixMs = ask.windowStartUnixMs ?? act.nowUnixMs
  const times = { startsAtUnixMs, endsAtUnixMs: startsAtUnixMs + ask.durationMs }
  return withStep(ask, 'approved', { ...stepOf('approved', act), groups }, times)
}

/**
 * Denies an ask: one is enough.
 *
 * @throws {AskError}
 */
export function deny(ask: Ask, act: AskAct): Ask {
  const groups = requireApprover(ask, act.actor)
  assertPending(ask, act.nowUnixMs)
  return withStep(ask, 'denied', { ...stepOf('denied', act), groups })
}

/**
 * Takes back what was approved. Who asked may give it up as well.
 *
 * @throws {AskError}
 */
export function revoke(ask: Ask, act: AskAct): Ask {
  if (!isFor(ask, act.actor)) requireApprover(ask, act.actor)
  const { state } = passTime(ask, act.nowUnixMs) ?? ask
  if (state !== 'approved' && state !== 'active')
    throw new AskStateError(state, 'only what was approved can be revoked')
  return withStep(ask, 'revoked', stepOf('revoked', act))
}

/**
 * Takes an ask back before it is decided.
 *
 * @throws {AskError}
 */
export function cancel(ask: Ask, act: AskAct): Ask {
  if (!isFor(ask, act.actor)) throw new AskNotRequesterError()
  if (ask.state !== 'pending') throw new AskStateError(ask.state, 'only one that is pending can be canceled')
  return withStep(ask, 'canceled', stepOf('canceled', act))
}

/** When time moves an ask on; `undefined` when it has ended. */
export function dueAtUnixMs({ state, decideByUnixMs, startsAtUnixMs, endsAtUnixMs }: Ask): number | undefined {
  if (state === 'pending') return decideByUnixMs
  if (state === 'approved') return startsAtUnixMs
  return state === 'active' ? endsAtUnixMs : undefined
}

/** Takes the step that the time wants; `undefined` when it wants none. */
export function passTime(ask: Ask, nowUnixMs: number): Ask | undefined {
  const dueAt = dueAtUnixMs(ask)
  if (isEnded(ask.state) || dueAt === undefined || nowUnixMs < dueAt) return undefined
  const isOver = ask.state !== 'approved' || nowUnixMs >= (ask.endsAtUnixMs ?? dueAt)
  const state = isOver ? 'expired' : 'active'
  return withStep(ask, state, { kind: state, atUnixMs: nowUnixMs })
}
