import { availableParallelism } from 'node:os'
import type { Clock, LogPort } from '@headgate/core'
import { AdmissionGate } from '../admission-gate.ts'
import { SamlUnverifiedError } from './saml-errors.ts'
import type { SamlReply, SamlRequest } from './saml-message.ts'
import { SamlThread } from './saml-thread.ts'

/** What {@link SamlThreads} needs. */
export interface SamlThreadsOptions {
  readonly clock: Clock
  readonly log: LogPort
  /** How many at once; one core is left to the connections. */
  readonly maxThreads?: number
  /** What runs in a thread; a test gives another one. */
  readonly script?: URL
}

/** The moment that it is verified at is that of its turn. */
type UndatedRequest = Omit<SamlRequest, 'nowUnixMs'>

const MAX_THREADS = 2
const MAX_WAITING = 128
/** Some thirty times what the worst one takes on an idle machine. */
const TIMEOUT_MS = 10_000

/**
 * The threads that assertions are verified in, so that nobody's connection waits for what somebody else brings. They are started
 * when they are needed first.
 */
export class SamlThreads {
  readonly #options: SamlThreadsOptions
  readonly #gate: AdmissionGate
  readonly #idle: SamlThread[] = []
  readonly #busy = new Set<SamlThread>()
  #isClosed = false

  constructor(options: SamlThreadsOptions) {
    const { maxThreads = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1)) } = options
    this.#options = options
    this.#gate = new AdmissionGate({ maxRunning: maxThreads, maxWaiting: MAX_WAITING })
  }

  /**
   * Verifies an assertion when a thread has room, as it is then: what ends in the queue is taken no more.
   *
   * @throws {AuthenticatorBusyError} `ERR_GATEWAY_AUTHENTICATOR_BUSY` when even the queue is full
   * @throws {SamlUnverifiedError} `ERR_GATEWAY_SAML_UNVERIFIED` when its thread ended, or had no answer in time
   */
  verify(request: UndatedRequest): Promise<SamlReply> {
    return this.#gate.run(() => this.#run(request))
  }

  /** Ends all threads; what is under way is refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#idle.splice(0), ...this.#busy].map((thread) => thread.end('closed')))
  }

  async #run(request: UndatedRequest): Promise<SamlReply> {
    if (this.#isClosed) throw new SamlUnverifiedError()
    const { clock } = this.#options
    const thread = this.#nextThread()
    this.#busy.add(thread)
    const timer = clock.after(TIMEOUT_MS, () => void thread.end('timeout'))
    const outcome = await thread.verify({ ...request, nowUnixMs: clock.nowUnixMs() })
    timer.cancel()
    this.#busy.delete(thread)
    if (!thread.hasEnded) this.#idle.push(thread)
    if (!('endedBy' in outcome)) return outcome
    this.#tellEnd(outcome.endedBy)
    throw new SamlUnverifiedError()
  }

  /** One that ended while it had nothing to do is no reason to refuse what comes next. */
  #nextThread(): SamlThread {
    let thread = this.#idle.pop()
    while (thread?.hasEnded) thread = this.#idle.pop()
    return thread ?? new SamlThread(this.#options.script)
  }

  #tellEnd(reason: string): void {
    if (this.#isClosed) return
    const fields = { event: 'assertion-thread', code: 'ERR_GATEWAY_SAML_UNVERIFIED', reason }
    this.#options.log.error(fields, 'a thread that verifies assertions was ended: its assertion is refused')
  }
}
