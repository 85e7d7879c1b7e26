import type { Clock, ClockTimer } from '@headgate/core'
import type { SignIn } from '../identity/sign-in.ts'

/** Why a waiting request is answered: something may have changed, its time is over, its session was revoked. */
export type WaitOutcome = 'changed' | 'over' | 'revoked'

/** How many may wait. Those past a bound are answered at once, and ask again later. */
export interface WaiterLimits {
  readonly total: number
  readonly perPrincipal: number
}

const LIMITS: WaiterLimits = { total: 10_000, perPrincipal: 1_000 }
/** Signing takes the event loop: so many are answered in one round of it, for Kafka's own requests come between. */
const WOKEN_PER_TURN = 32
const MAX_REQUESTERS = 50_000

interface Waiter {
  readonly key: string
  readonly settle: (outcome: WaitOutcome) => void
}

/**
 * The requests that wait for a change of their bundle: a timer and two map entries each.
 *
 * A session has one; the request that comes after takes the place of the one before, whose client has given it up.
 */
export class BundleWaiters {
  readonly #clock: Clock
  readonly #limits: WaiterLimits
  readonly #bySession = new Map<string, Waiter>()
  readonly #byPrincipal = new Map<string, Set<string>>()
  /** The number of the last step of a requester's asks; numbers go on across restarts, so that none is taken for another. */
  readonly #askSteps = new Map<string, number>()
  #lastStep: number
  #isClosed = false

  constructor(clock: Clock, limits: WaiterLimits = LIMITS) {
    this.#clock = clock
    this.#limits = limits
    this.#lastStep = clock.nowUnixMs()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** How many wait. */
  get size(): number {
    return this.#bySession.size
  }

  /**
   * Waits for a change, at the most so long; `undefined` when there is no room to wait.
   *
   * @param onGone is given what to call when the client has gone away
   */
  wait(signIn: SignIn, limitMs: number, onGone: (leave: () => void) => void): Promise<WaitOutcome> | undefined {
    const { sessionId } = signIn
    const key = requesterKey(signIn.principal)
    this.#bySession.get(sessionId)?.settle('over')
    const ofPrincipal = this.#byPrincipal.get(key)
    const isFull = this.size >= this.#limits.total || (ofPrincipal?.size ?? 0) >= this.#limits.perPrincipal
    if (this.#isClosed || isFull || !(limitMs > 0)) return undefined
    return new Promise((resolve) => {
      const settle = (outcome: WaitOutcome): void => {
        timer.cancel()
        this.#forget(sessionId, waiter)
        resolve(outcome)
      }
      const timer: ClockTimer = this.#clock.after(limitMs, () => settle('over'))
      const waiter: Waiter = { key, settle }
      this.#bySession.set(sessionId, waiter)
      this.#byPrincipal.set(key, (ofPrincipal ?? new Set()).add(sessionId))
      onGone(() => settle('over'))
    })
  }

  /** Another policy is in force: everybody is answered, some in each round of the event loop. */
  wakeAll(): void {
    this.#wake([...this.#bySession.values()])
  }

  /** An ask of a requester took a step. */
  wakeRequester(requester: { readonly issuer: string; readonly subject: string }): void {
    const key = requesterKey(requester)
    this.#askSteps.delete(key)
    this.#lastStep += 1
    this.#askSteps.set(key, this.#lastStep)
    const oldest = this.#askSteps.keys().next()
    if (this.#askSteps.size > MAX_REQUESTERS && oldest.done !== true) this.#askSteps.delete(oldest.value)
    const sessions = [...(this.#byPrincipal.get(key) ?? [])]
    this.#wake(sessions.flatMap((sessionId) => this.#bySession.get(sessionId) ?? []))
  }

  /** A session was revoked. */
  endSession(sessionId: string): void {
    this.#bySession.get(sessionId)?.settle('revoked')
  }

  /** Differs from what it was before whenever an ask of the requester has taken a step since. */
  askStepOf(requester: { readonly issuer: string; readonly subject: string }): string {
    return String(this.#askSteps.get(requesterKey(requester)) ?? 0)
  }

  /** Answers everybody, and lets nobody wait any more. */
  close(): void {
    this.#isClosed = true
    for (const { settle } of [...this.#bySession.values()]) settle('over')
  }

  #wake(waiters: readonly Waiter[]): void {
    for (const { settle } of waiters.slice(0, WOKEN_PER_TURN)) settle('changed')
    if (waiters.length > WOKEN_PER_TURN) setImmediate(() => this.#wake(waiters.slice(WOKEN_PER_TURN)))
  }

  #forget(sessionId: string, waiter: Waiter): void {
    // Another may have taken its place.
    if (this.#bySession.get(sessionId) !== waiter) return
    this.#bySession.delete(sessionId)
    const sessions = this.#byPrincipal.get(waiter.key)
    sessions?.delete(sessionId)
    if (sessions?.size === 0) this.#byPrincipal.delete(waiter.key)
  }
}

/** JSON keeps the parts apart whatever characters they hold. */
function requesterKey({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return JSON.stringify([issuer, subject])
}
