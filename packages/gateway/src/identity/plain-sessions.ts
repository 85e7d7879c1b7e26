import { randomUUID } from 'node:crypto'
import type { Clock } from '@headgate/core'

const IDLE_MS = 600_000
const MAX_SESSIONS = 50_000

interface PlainSession {
  readonly id: string
  endsUnixMs: number
}

/**
 * The sessions of clients that bring no session of their own: one per identity until ten minutes after the end of its
 * last sign-in's rights.
 */
export class PlainSessions {
  readonly #clock: Clock
  readonly #sessions = new Map<string, PlainSession>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives the session of an identity, a new one when the last is over. */
  sessionFor(identity: readonly (string | undefined)[], expiresAtUnixMs: number): string {
    const key = JSON.stringify(identity)
    const kept = this.#sessions.get(key)
    const isOn = kept !== undefined && kept.endsUnixMs > this.#clock.nowUnixMs()
    const session = isOn ? kept : { id: randomUUID(), endsUnixMs: 0 }
    session.endsUnixMs = Math.max(session.endsUnixMs, expiresAtUnixMs + IDLE_MS)
    // Set anew, so that the map's order is the order of use.
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    this.#evict()
    return session.id
  }

  #evict(): void {
    const oldest = this.#sessions.keys().next()
    if (this.#sessions.size > MAX_SESSIONS && oldest.done !== true) this.#sessions.delete(oldest.value)
  }
}
