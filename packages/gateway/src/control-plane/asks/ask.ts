import type { ApprovalObligation, Owner } from '@headgate/policy'
import type { AskScope, AskState, AskStatus } from '../../control-port.ts'

/** Somebody by issuer and subject. */
export interface AskPerson {
  readonly issuer: string
  readonly subject: string
}

/** Somebody who takes a step, with the groups of the token that the step was taken with. */
export interface AskActor extends AskPerson {
  /** `undefined` where they are unknown. */
  readonly groups: readonly string[] | undefined
}

/**
 * What a step was. `vote` is an approval that others are still wanted beside, `approved` the one that was enough;
 * `active` and `expired` are steps of the clock.
 */
export type AskStepKind =
  | 'opened'
  | 'reason-given'
  | 'vote'
  | 'approved'
  | 'active'
  | 'denied'
  | 'expired'
  | 'revoked'
  | 'canceled'

/** Where a step came from. */
export interface AskSource {
  readonly address: string
  readonly listener?: string
  readonly connectionId?: number
}

/** One step of an ask. Each has a revision of its own and is told to the audit once. */
export interface AskStep {
  readonly revision: number
  readonly kind: AskStepKind
  readonly atUnixMs: number
  /** Who took it; absent where time did. */
  readonly by?: AskPerson
  /** By which of the protection's groups somebody decided. */
  readonly groups?: readonly string[]
  readonly reason?: string
  readonly source?: AskSource
}

/** What opened an ask. */
export type AskOrigin =
  | { readonly kind: 'traffic'; readonly sessionId: string; readonly clientId: string }
  | { readonly kind: 'request' }

/** An ask for approval: whose access to what, by which policy, and every step so far. Plain data. */
export interface Ask {
  readonly id: string
  /** The revision of the newest step; it is compared and set. */
  readonly revision: number
  readonly state: AskState
  readonly scope: AskScope
  /** Counts the asks of the scope from 1. */
  readonly generation: number
  /** As the policy was when the ask was opened; later changes of the policy do not change it. */
  readonly approval: ApprovalObligation
  /** Who stands behind the requester and so may not decide. A text, as older asks have it, is a subject of any issuer. */
  readonly owners: readonly (Owner | string)[]
  readonly ruleIds: readonly string[]
  readonly policyRevision: number
  readonly origin: AskOrigin
  readonly reason?: string
  /** How long access is asked for. */
  readonly durationMs: number
  /** The start of a fixed window, which no approval moves. */
  readonly windowStartUnixMs?: number
  readonly createdAtUnixMs: number
  /** When a pending ask expires. */
  readonly decideByUnixMs: number
  /** From when and until when access is given; there since the approval. */
  readonly startsAtUnixMs?: number
  readonly endsAtUnixMs?: number
  readonly steps: readonly AskStep[]
}

/** Tells whether a state is one that nothing leads out of. */
export function isEnded(state: AskState): boolean {
  return state !== 'pending' && state !== 'approved' && state !== 'active'
}

/** Tells whether two are the same person. */
export function isSamePerson(a: AskPerson, b: AskPerson): boolean {
  return a.issuer === b.issuer && a.subject === b.subject
}

/**
 * Tells whether two may be the same person: the same subject of two issuers may be somebody with two accounts, and must
 * neither decide on a wish of their own nor count twice.
 */
export function mayBeSamePerson(a: AskPerson, b: AskPerson): boolean {
  return a.subject === b.subject
}

/** The distinct people who approved, in the order in which they did. */
export function approversOf({ steps }: Pick<Ask, 'steps'>): readonly AskPerson[] {
  const people: AskPerson[] = []
  for (const { kind, by } of steps) {
    if (by === undefined || (kind !== 'vote' && kind !== 'approved')) continue
    if (!people.some((person) => mayBeSamePerson(person, by))) people.push(by)
  }
  return people
}

/** What a data plane is told of an ask. */
export function statusOf(ask: Ask): AskStatus {
  const { id, scope, state, revision, startsAtUnixMs, endsAtUnixMs } = ask
  const approvedBy = approversOf(ask).map(({ issuer, subject }) => `${issuer}/${subject}`)
  return {
    ...{ id, scope, state, revision },
    ...(startsAtUnixMs === undefined ? {} : { startsAtUnixMs }),
    ...(endsAtUnixMs === undefined ? {} : { endsAtUnixMs }),
    ...(approvedBy.length === 0 ? {} : { approvedBy }),
  }
}
