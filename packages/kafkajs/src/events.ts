import type { Clock } from '@headgate/core'
import type { RecordWithheldReason } from '@headgate/masking'
import type { Denial } from './access/denied-error.ts'
import type { ApprovalAsk } from './approvals/approval-ask.ts'

/** Names of the events of `Kafka.on`, beside those of kafkajs's own objects. */
export const headgateEvents: {
  readonly DENIED: 'headgate.denied'
  readonly WITHHELD: 'headgate.withheld'
  readonly APPROVAL_PENDING: 'headgate.approval-pending'
  readonly APPROVAL_APPROVED: 'headgate.approval-approved'
  readonly APPROVAL_REFUSED: 'headgate.approval-refused'
  readonly BUNDLE: 'headgate.bundle'
  readonly STALE: 'headgate.stale'
} = Object.freeze({
  DENIED: 'headgate.denied',
  WITHHELD: 'headgate.withheld',
  APPROVAL_PENDING: 'headgate.approval-pending',
  APPROVAL_APPROVED: 'headgate.approval-approved',
  APPROVAL_REFUSED: 'headgate.approval-refused',
  BUNDLE: 'headgate.bundle',
  STALE: 'headgate.stale',
})

/** Records that the policy masks, that cannot be masked, and that the application therefore does not see. */
export interface WithheldRecords {
  readonly topic: string
  readonly partition: number
  /** Of what was fetched together: the withheld ones lie from here to `lastOffset`. */
  readonly firstOffset: string
  readonly lastOffset: string
  readonly count: number
  /** How many for which reason. */
  readonly reasons: Readonly<Partial<Record<RecordWithheldReason, number>>>
  /** Whether the application sees a placeholder for each of them; otherwise they are skipped. */
  readonly isPlaceholder: boolean
  readonly policyRevision: number
  /** All records that this `Kafka` object has withheld so far. */
  readonly total: number
}

/** What each event carries. */
export interface HeadgateEventPayloads {
  /** Something was refused here, before it was sent. */
  readonly 'headgate.denied': Denial
  /** Records are kept from the application, because they cannot be masked. */
  readonly 'headgate.withheld': WithheldRecords
  /** Somebody has to approve an operation on a topic first; the gateway holds it. */
  readonly 'headgate.approval-pending': ApprovalAsk
  /** What was waited for is approved. */
  readonly 'headgate.approval-approved': ApprovalAsk
  /** What was waited for is not coming: `state` says why. Only an explicit request opens another ask. */
  readonly 'headgate.approval-refused': ApprovalAsk
  /** Another policy is in force. */
  readonly 'headgate.bundle': { revision: number; programDigest: string; expiresAtUnixMs: number }
  /** The policy could not be renewed when it should have been; once it expires everything is denied. */
  readonly 'headgate.stale': { revision: number; expiresAtUnixMs: number; code: string }
}

/** The name of an event. */
export type HeadgateEventName = keyof HeadgateEventPayloads

/** An event, in the shape of kafkajs's own. */
export interface HeadgateEvent<Name extends HeadgateEventName = HeadgateEventName> {
  readonly id: number
  readonly type: Name
  readonly timestamp: number
  readonly payload: HeadgateEventPayloads[Name]
}

/** Called with each event; what it throws is given to `onListenerError` and goes no further. */
export type HeadgateListener<Name extends HeadgateEventName> = (event: HeadgateEvent<Name>) => unknown

type AnyListener = (event: HeadgateEvent) => unknown

/** Hands events to listeners. */
export class HeadgateEventEmitter {
  readonly #listeners = new Map<HeadgateEventName, Set<AnyListener>>()
  readonly #onListenerError: (name: HeadgateEventName, error: unknown) => void
  readonly #clock: Clock
  #nextId = 0

  constructor(clock: Clock, onListenerError: (name: HeadgateEventName, error: unknown) => void) {
    this.#clock = clock
    this.#onListenerError = onListenerError
  }

  /** Adds a listener; the function given back removes it. */
  on<Name extends HeadgateEventName>(name: Name, listener: HeadgateListener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set<AnyListener>()
    // Only events of that name are handed to this set.
    const added = listener as AnyListener
    this.#listeners.set(name, listeners.add(added))
    return () => void listeners.delete(added)
  }

  emit<Name extends HeadgateEventName>(name: Name, payload: HeadgateEventPayloads[Name]): void {
    const timestamp = this.#clock.nowUnixMs()
    for (const listener of this.#listeners.get(name) ?? []) {
      const event: HeadgateEvent<Name> = { id: this.#nextId++, type: name, timestamp, payload }
      Promise.resolve()
        .then(() => listener(event))
        .catch((error: unknown) => this.#onListenerError(name, error))
    }
  }
}
