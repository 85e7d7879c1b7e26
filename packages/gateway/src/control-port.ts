import type { AuditEvent } from '@headgate/audit'
import type { ApprovalObligation, EnforcementModes, MaskObligation, PolicyDocument, SeenAccess } from '@headgate/policy'

/** One policy as the control plane publishes it: what is decided by, until the next one comes. */
export interface PolicySnapshot {
  /** Grows with every change of the policy; never reused, also not across restarts. */
  readonly revision: number
  /** SHA-256 of the policy's canonical form. */
  readonly digest: string
  readonly document: PolicyDocument
  /** How far it is in force; absent where it is throughout. */
  readonly modes?: EnforcementModes
}

/**
 * Where an ask stands. `approved` waits for its start, `active` gives access; the others have ended.
 *
 * `pending → approved → active → expired | revoked`, `pending → denied | expired | canceled`.
 */
export type AskState = 'pending' | 'approved' | 'active' | 'denied' | 'expired' | 'revoked' | 'canceled'

/** What an approval is asked for. */
export type AskOperation = 'consume' | 'produce'

/** Whose access to what an ask is about; of asks with equal scopes the newest one counts. */
export interface AskScope {
  readonly issuer: string
  readonly subject: string
  /** The id of the protection. */
  readonly protection: string
  readonly topic: string
  readonly operation: AskOperation
}

/** An ask, as far as a data plane needs it. */
export interface AskStatus {
  readonly id: string
  readonly scope: AskScope
  readonly state: AskState
  /** Grows with every step. */
  readonly revision: number
  /** From when and until when access is given, once it is approved. */
  readonly startsAtUnixMs?: number
  readonly endsAtUnixMs?: number
  /** Who approved, as `issuer/subject`. */
  readonly approvedBy?: readonly string[]
}

/** A session whose tokens count no more. */
export interface Revocation {
  readonly sessionId: string
  /** Until then one of its tokens may be about. */
  readonly untilUnixMs: number
}

/** What the control plane tells a data plane. Plain, serialisable values. */
export type ControlMessage =
  | { readonly kind: 'policy'; readonly snapshot: PolicySnapshot }
  /** The newest ask of its scope: told at every step, and all of them to a new subscriber. */
  | { readonly kind: 'ask'; readonly ask: AskStatus }
  /** A session was revoked: told when it is, and of all that count still to a new subscriber. */
  | { readonly kind: 'revocation'; readonly revocation: Revocation }

/** Where a client's connection comes from. */
export interface ConnectionOrigin {
  readonly connectionId: number
  readonly clientAddress: string
  readonly listener: string
}

/** A client signed in, or was refused. */
export interface SignInEvent extends ConnectionOrigin {
  readonly kind: 'sign-in'
  readonly accepted: boolean
  readonly mechanism: string
  /** `true` when the connection was signed in already (KIP-368). */
  readonly isReauthentication: boolean
  readonly principal?: string
  readonly issuer?: string
  /** Absent where the issuer does not tell them. */
  readonly groups?: readonly string[]
  readonly sessionId?: string
  readonly clientId?: string
  readonly expiresAtUnixMs?: number
  /** The code of the refusal. */
  readonly code?: string
  readonly reason?: string
}

/** A request, or a part of one, was refused by policy. */
export interface DenialEvent extends ConnectionOrigin {
  readonly kind: 'denial'
  readonly principal: string
  readonly issuer: string
  readonly sessionId: string
  readonly clientId: string
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  readonly resourceType: string
  readonly resourceName: string
  readonly operation: string
  readonly partition?: number
  readonly decision: string
  readonly reason: string
  readonly ruleIds: readonly string[]
  readonly errorCode: number
  readonly policyRevision: number
}

/** What policy denies was let pass by the mode of its resource: told once for each connection and policy. */
export interface WouldDenyEvent extends Omit<DenialEvent, 'kind' | 'errorCode'> {
  readonly kind: 'would-deny'
}

/** A connection was ended by the gateway. */
export interface ClosedEvent extends ConnectionOrigin {
  readonly kind: 'closed'
  readonly code: string
  readonly reason: string
  readonly principal?: string
  readonly issuer?: string
  readonly sessionId?: string
}

/** A request met a protection that wants an approval, and no ask of its scope is there: one is to be opened. */
export interface AskEvent extends ConnectionOrigin {
  readonly kind: 'ask'
  /** The id of the ask, made by the data plane; where another was opened meanwhile, that one counts. */
  readonly askId: string
  readonly scope: AskScope
  /** The requester's groups; absent where they are unknown. */
  readonly groups?: readonly string[]
  readonly approval: ApprovalObligation
  readonly ruleIds: readonly string[]
  readonly sessionId: string
  readonly clientId: string
  readonly policyRevision: number
}

/** Records were read or written, or what was to become of them is known now. It goes to the trail alone. */
export interface AccessEvent {
  readonly kind: 'access'
  readonly event: AuditEvent
}

/** A mask is about to be applied for the first time since the data plane began; the trail names it by its digest. */
export interface MaskEvent {
  readonly kind: 'mask'
  readonly mask: MaskObligation
}

/** What one client was let do since it was last told: what a policy is drafted from, and what tells unused grants. */
export interface SeenEvent {
  readonly kind: 'seen'
  readonly principal: string
  readonly issuer: string
  readonly clientId: string
  readonly accesses: readonly SeenAccess[]
}

/** What a data plane tells the control plane. */
export type DataPlaneEvent =
  | SignInEvent
  | DenialEvent
  | WouldDenyEvent
  | ClosedEvent
  | AskEvent
  | AccessEvent
  | MaskEvent
  | SeenEvent

/**
 * The only way between the data plane and the control plane.
 *
 * Messages are plain values, so that the two can live in different threads or processes. A subscriber is given the
 * policy in force at once and every later one in order.
 */
export interface ControlPort {
  /** Subscribes to control messages; the function returned ends the subscription. */
  subscribe(receive: (message: ControlMessage) => void): () => void
  /** Whether there is a trail; without one nothing that must be on record can take place. */
  readonly keepsTrail: boolean
  /** Takes an event of the data plane; never throws and never blocks. What cannot be kept is counted, and told. */
  report(event: DataPlaneEvent): void
  /**
   * Resolves when events are on record, so that what they tell of may take place.
   *
   * @throws {HeadgateError} `ERR_AUDIT_UNAVAILABLE` when they cannot be recorded now, or there is no trail.
   */
  record(events: readonly AuditEvent[]): Promise<void>
}
