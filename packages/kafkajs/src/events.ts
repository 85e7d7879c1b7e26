import type { Clock } from '@headgate/core'
import type { Denial } from './access/denied-error.ts'

/** Names of the events of `Kafka.on`, beside those of kafkajs's own objects. */
export const headgateEvents: {
  readonly DENIED: 'headgate.denied'
  readonly BUNDLE: 'headgate.bundle'
  readonly STALE: 'headgate.stale'
} = Object.freeze({ DENIED: 'headgate.denied', BUNDLE: 'headgate.bundle', STALE: 'headgate.stale' })

/** What each event carries. */
export interface HeadgateEventPayloads {
  /** Something was refused here, before it was sent. */
  readonly 'headgate.denied': Denial
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
