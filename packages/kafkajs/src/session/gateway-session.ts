import type { Clock, ClockTimer } from '@headgate/core'
import { BundleError, BundleStore, type VerifiedBundle } from '@headgate/policy'
import type { ActivePolicy, PolicySource } from '../access/gate.ts'
import type { ApprovalAsk } from '../approvals/approval-ask.ts'
import type { ResolvedOptions } from '../config/options.ts'
import type { ConnectionTarget } from '../connection/socket-factory.ts'
import { HeadgateBundleRefusedError, HeadgateNoRuleError } from '../errors.ts'
import { BundlePush } from './bundle-push.ts'
import { BundleSource, refusal } from './bundle-source.ts'
import { type AskWish, listAsks, openAsk } from './gateway-asks.ts'
import { type GatewayLink, openGatewayLink } from './gateway-link.ts'
import { retryWhenAsked } from './pauses.ts'
import { RefreshSchedule } from './refresh-schedule.ts'
import { singleFlight } from './single-flight.ts'

/** Told about what happens to the policy. */
export interface SessionObserver {
  /** Another policy is in force. */
  policyChanged(policy: ActivePolicy, expiresAtUnixMs: number): void
  /** The policy could not be renewed when it was due. */
  renewalFailed(policy: ActivePolicy, expiresAtUnixMs: number, error: unknown): void
  /** One of this client's asks took a step. */
  asksChanged?(): void
}

/** What a session is made with. */
export interface GatewaySessionOptions {
  /** Called when the gateway is needed first. */
  readonly resolve: () => ResolvedOptions
  readonly clock: Clock
  readonly observer: SessionObserver
}

// A denial waits this long for a newer policy, and asks no more often.
const DENIAL_REFRESH_MS = 1000
const SHORTEST_REFRESH_MS = 1000
const LONGEST_SPREAD_MS = 10_000

/**
 * What one `Kafka` object has with its gateway: tokens, the policy in force, and where Kafka is.
 *
 * It opens when it is first needed and renews its policy in the background while a client is connected. Timers keep no
 * process alive. What fails is tried again by the next call.
 */
export class GatewaySession implements PolicySource {
  readonly #options: GatewaySessionOptions
  readonly #store: BundleStore
  readonly #schedule: RefreshSchedule
  readonly #push: BundlePush
  readonly #users = new Set<object>()
  readonly #open: () => Promise<void>
  readonly #fetch: () => Promise<void>
  #link: GatewayLink | undefined
  #bundles: BundleSource | undefined
  #lastFetchMs = Number.NEGATIVE_INFINITY

  constructor(options: GatewaySessionOptions) {
    this.#options = options
    this.#store = new BundleStore({ clock: options.clock })
    this.#schedule = new RefreshSchedule(options.clock, () => this.#refresh())
    this.#push = this.#createPush()
    this.#open = singleFlight(() => this.#openOnce())
    this.#fetch = singleFlight(() => this.#fetchOnce())
  }

  /** Where connections go; nothing before the session is open. */
  get target(): ConnectionTarget | undefined {
    return this.#link?.target
  }

  /** The life of the gateway's tokens; 0 before the first, and while no new one can be had to sign in anew with. */
  get tokenLifetimeMs(): number {
    const tokens = this.#link?.tokens
    return tokens === undefined || tokens.isRenewalPaused ? 0 : tokens.lifetimeMs
  }

  /**
   * Finds the gateway, exchanges the identity and verifies the policy; does nothing while one is in force.
   *
   * @throws HeadgateNoRuleError `ERR_KAFKAJS_NO_RULE` when the policy allows this service nothing at all
   * @throws what keeps the client from having a policy
   */
  async open(): Promise<void> {
    if (this.#isUsable()) return
    await this.#open()
    this.#assertConcerned()
  }

  current(): ActivePolicy {
    return { program: this.#store.programAt(), revision: this.#store.current?.claims.revision ?? -1 }
  }

  isOpen(): boolean {
    return this.#store.isReady
  }

  async renew(): Promise<void> {
    if (this.#store.current === undefined) return this.open()
    // A process that was frozen finds an old policy, and a clock that says it has just looked.
    const isRecent = this.isOpen() && this.#options.clock.monotonicMs() - this.#lastFetchMs < DENIAL_REFRESH_MS
    // What it fails with has been told; the caller is denied by the policy in force.
    if (!isRecent)
      await this.#within(
        DENIAL_REFRESH_MS,
        this.#refresh().catch(() => {}),
      )
  }

  /** Whether a client is connected. */
  get isInUse(): boolean {
    return this.#users.size > 0
  }

  /** This client's own asks about a topic; nothing where the gateway tells of none, or the session is not open. */
  async asks(topic: string): Promise<readonly ApprovalAsk[] | undefined> {
    return this.#link === undefined ? undefined : listAsks(this.#link, topic)
  }

  /** When the policy in force should be renewed, and when it ends; nothing before the first. */
  get policyTimes(): Pick<VerifiedBundle['claims'], 'refreshAfterUnixMs' | 'expiresAtUnixMs'> | undefined {
    return this.#store.current?.claims
  }

  /** Opens an ask for each approval that is wanted. The session is open. */
  async openAsk(wish: AskWish): Promise<readonly ApprovalAsk[]> {
    return this.#link === undefined ? [] : openAsk(this.#link, wish)
  }

  /** A token for signing in at the Kafka listener. */
  async token(): Promise<string> {
    if (this.#link === undefined) await this.open()
    const token = await this.#link?.tokens.get()
    return token?.token.reveal() ?? ''
  }

  /** Drops the token that the listener did not take, so that the next one is new; tells whether there can be one. */
  forgetToken(): boolean {
    this.#link?.tokens.forget()
    return this.#link !== undefined
  }

  /** Whether a token may be refused for the connection's sake: it has shown another certificate than there is now. */
  get hasNewCertificate(): boolean {
    return this.#link?.tokens.hasNewCertificate ?? false
  }

  /** Keeps the policy renewed for a connected client. */
  retain(user: object): void {
    this.#users.add(user)
    this.#plan()
  }

  /** Ends what {@link GatewaySession.retain} began. */
  release(user: object): void {
    this.#users.delete(user)
    if (this.#users.size > 0) return
    this.#schedule.stop()
    this.#push.stop()
  }

  #isUsable(): boolean {
    return this.#link !== undefined && this.#store.isReady && isConcerned(this.current())
  }

  #assertConcerned(): void {
    const claims = this.#store.current?.claims
    if (claims === undefined || isConcerned(this.current())) return
    const { issuer, subject } = claims.subject
    throw new HeadgateNoRuleError({
      message: `no rule of the policy allows this service anything: it is \`${subject}\` of issuer \`${issuer}\`: ask whoever keeps the policy for a rule that names it or one of its groups`,
      details: { issuer, subject, policyRevision: claims.revision },
    })
  }

  async #openOnce(): Promise<void> {
    const { clock, resolve } = this.#options
    const open = async (): Promise<void> => {
      this.#link ??= await openGatewayLink(resolve(), clock)
      this.#bundles ??= new BundleSource(this.#link, clock)
      await this.#bundles.prepare()
      await this.#fetch()
    }
    // Many replicas that start at once are more than a gateway takes at once: those that it asks to come back do.
    await retryWhenAsked(clock, open)
  }

  /** Renews the policy, and tells when that failed. */
  async #refresh(): Promise<void> {
    try {
      await this.#fetch()
    } catch (error) {
      this.#tellFailure(error)
      throw error
    }
  }

  #tellFailure(error: unknown): void {
    const expiresAtUnixMs = this.#store.current?.claims.expiresAtUnixMs ?? 0
    this.#options.observer.renewalFailed(this.current(), expiresAtUnixMs, error)
  }

  async #fetchOnce(): Promise<void> {
    const bundles = this.#bundles
    if (bundles !== undefined) this.#take(await bundles.fetch(this.#store.highWaterMark))
  }

  #take(bundle: VerifiedBundle | undefined): void {
    const before = this.#store.current
    this.#lastFetchMs = this.#options.clock.monotonicMs()
    if (bundle !== undefined && this.#activate(bundle) && bundle.program.digest !== before?.program.digest) {
      this.#options.observer.policyChanged(this.current(), bundle.claims.expiresAtUnixMs)
    }
    this.#plan()
  }

  #createPush(): BundlePush {
    const { clock, observer } = this.#options
    const nothing = { bundle: undefined, hasAskStep: false, hasWaited: false }
    return new BundlePush({
      clock,
      wait: async (signal) => this.#bundles?.wait(() => this.#store.highWaterMark, signal) ?? nothing,
      take: ({ bundle, hasAskStep }) => {
        if (bundle !== undefined) this.#take(bundle)
        if (hasAskStep) observer.asksChanged?.()
      },
      failed: (error) => {
        // That the gateway is away is told when the policy should have been renewed; a policy that is refused, at once.
        if (error instanceof HeadgateBundleRefusedError) this.#tellFailure(error)
      },
    })
  }

  #activate(bundle: VerifiedBundle): boolean {
    try {
      return this.#store.activate(bundle)
    } catch (error) {
      throw error instanceof BundleError ? refusal(error) : error
    }
  }

  #plan(): void {
    const claims = this.#store.current?.claims
    if (claims === undefined || this.#users.size === 0) return
    const { refreshAfterUnixMs, expiresAtUnixMs } = claims
    const dueMs = refreshAfterUnixMs - this.#options.clock.nowUnixMs()
    const spreadMs = Math.min(LONGEST_SPREAD_MS, (expiresAtUnixMs - refreshAfterUnixMs) / 2)
    this.#schedule.plan(Math.max(dueMs, SHORTEST_REFRESH_MS), spreadMs)
    this.#push.start()
  }

  async #within(limitMs: number, work: Promise<void>): Promise<void> {
    let timer: ClockTimer | undefined
    const limit = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(limitMs, resolve)
    })
    await Promise.race([work, limit])
    timer?.cancel()
  }
}

function isConcerned({ program }: ActivePolicy): boolean {
  // Under a mode that lets things pass, no rule is needed.
  const { modes, rules } = program.residual
  return modes !== undefined || rules.some(({ effect }) => effect === 'allow')
}
