import type { ClockTimer } from '@headgate/core'
import type { ConsumerCrashEvent, ConsumerRunConfig, TopicPartitions } from '#kafkajs'
import { type Client, connectSignedIn } from '../facades/client.ts'
import { matchTopics, readSubscription, type Subscription } from '../facades/subscription.ts'
import type { ConsumerHealth, ConsumerState } from './consumer-health.ts'
import { denialReason, errorReason } from './denial.ts'
import type { ReplaceableConsumer } from './replaceable-consumer.ts'

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 300_000
const PAUSE_GROWTH = 3
/** Kafka's word for a consumer that may read none of its topics. */
const NO_TOPIC = 'TOPIC_AUTHORIZATION_FAILED'

/** What a consumption needs to know of the policy, without a report of what it asks. */
export interface ConsumptionRights {
  canRead(topic: string): boolean
  canJoin(): boolean
  /** Whether other partitions are granted now than those that the group was joined with. */
  isDealtOtherwise(): boolean
}

/** What a consumption is made of. */
export interface ConsumptionParts {
  readonly consumer: ReplaceableConsumer
  readonly client: Client
  readonly groupId: string
  readonly rights: ConsumptionRights
}

/**
 * What one consumer consumes, and whether it still does.
 *
 * kafkajs ends a consumer for good when it is denied. Here it comes back: when the policy changes, when what it waits for is
 * approved, and, while the policy in force allows it, at growing pauses, for the gateway may have been behind or ahead of it.
 * Expressions are matched anew when the policy changes.
 */
export class Consumption {
  /** The topics that are subscribed to. */
  readonly topics: Set<string> = new Set()
  readonly #parts: ConsumptionParts
  readonly #subscriptions = new Map<string, Subscription>()
  #config: ConsumerRunConfig | undefined
  #state: ConsumerState = 'idle'
  #sinceUnixMs: number
  #reason: string | undefined
  #pauseMs = FIRST_PAUSE_MS
  #timer: ClockTimer | undefined
  #work: Promise<void> | undefined
  /** Whether rights have changed while something was under way. */
  #isBehind = false
  #paused: TopicPartitions[] = []

  constructor(parts: ConsumptionParts) {
    this.#parts = parts
    this.#sinceUnixMs = parts.client.clock.nowUnixMs()
    const { consumer } = parts
    const { CRASH, GROUP_JOIN } = consumer.current.events
    consumer.on(CRASH, ({ payload }) => this.#crashed(payload))
    // Before the first fetch of a consumer that took the place of another.
    consumer.on(GROUP_JOIN, () => this.#pauseAgain())
  }

  get health(): ConsumerHealth {
    const [state, sinceUnixMs, topics] = [this.#state, this.#sinceUnixMs, [...this.topics].sort()]
    const reason = this.#reason === undefined ? {} : { reason: this.#reason }
    return Object.freeze({ groupId: this.#parts.groupId, state, sinceUnixMs, topics, ...reason })
  }

  /** kafkajs has subscribed to these topics too. */
  subscribed(subscription: Subscription): void {
    const { topics, fromBeginning, names } = subscription
    this.#subscriptions.set(`${fromBeginning} ${topics.map(String).sort().join()}`, subscription)
    for (const name of names) this.topics.add(name)
  }

  /** Runs the consumer, now and whenever it comes back. */
  async run(config: ConsumerRunConfig): Promise<void> {
    await this.#settle()
    const { client, consumer } = this.#parts
    // kafkajs warns, and goes on with what it was given first.
    if (this.#state === 'running') return consumer.current.run(config)
    this.#config = config
    this.#pauseMs = FIRST_PAUSE_MS
    this.#enter('running')
    client.consumptions.add(this)
    try {
      await consumer.current.run(config)
    } catch (error) {
      this.#enter('crashed', errorReason(error))
      throw error
    }
  }

  /** The application wants it no more: nothing brings it back. */
  async end(): Promise<void> {
    this.#enter('idle')
    this.#parts.client.consumptions.delete(this)
    await this.#settle()
  }

  /** What is allowed may be another thing now. */
  rightsChanged(): void {
    this.#pauseMs = FIRST_PAUSE_MS
    if (this.#work !== undefined) this.#isBehind = true
    else if (this.#state === 'denied') this.#comeBack()
    else if (this.#state === 'running' && (this.#hasExpressions() || this.#parts.rights.isDealtOtherwise()))
      this.#start(() => this.#followPolicy())
  }

  #enter(state: ConsumerState, reason?: string): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#state = state
    this.#reason = reason
    this.#sinceUnixMs = this.#parts.client.clock.nowUnixMs()
  }

  /** The application can end it at any await. */
  #isEnded(): boolean {
    return this.#state === 'idle'
  }

  async #settle(): Promise<void> {
    this.#timer?.cancel()
    await this.#work
  }

  /** One thing at a time; a change that comes meanwhile is looked at afterwards. */
  #start(work: () => Promise<void>): void {
    this.#work ??= work()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#work = undefined
        const isBehind = this.#isBehind
        this.#isBehind = false
        if (isBehind) this.rightsChanged()
      })
  }

  #crashed({ error, restart }: ConsumerCrashEvent['payload']): void {
    if (restart || this.#isEnded()) return
    const { client } = this.#parts
    const reason = denialReason(error)
    // It was well for long: this is another denial than the one before.
    if (client.clock.nowUnixMs() - this.#sinceUnixMs > LONGEST_PAUSE_MS) this.#pauseMs = FIRST_PAUSE_MS
    if (reason === undefined) this.#enter('crashed', errorReason(error))
    else this.#denied(reason)
  }

  #failed(error: unknown): void {
    if (this.#isEnded()) return
    this.#enter('denied', denialReason(error) ?? errorReason(error))
    this.#tryLater()
  }

  #tryLater(): void {
    this.#timer?.cancel()
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS)
    this.#timer = this.#parts.client.clock.after(pauseMs, () => this.#comeBack())
  }

  #comeBack(): void {
    if (this.#state !== 'denied') return
    if (this.#isAllowed()) {
      this.#start(() => this.#restart())
      return
    }
    this.#tryLater()
    this.#lookForPolicy()
  }

  /** The gateway may have a newer policy than this client: one that allows it is told to {@link rightsChanged}. */
  #lookForPolicy(): void {
    this.#parts.client.session.renew().catch(() => {})
  }

  #isAllowed(): boolean {
    const { canJoin, canRead } = this.#parts.rights
    const names = [...this.#subscriptions.values()].flatMap(({ topics }) => topics)
    return canJoin() && names.every((name) => typeof name !== 'string' || canRead(name))
  }

  #hasExpressions(): boolean {
    return [...this.#subscriptions.values()].some(({ topics }) => topics.some((topic) => topic instanceof RegExp))
  }

  /** The topics that the subscriptions come to now. */
  async #match(): Promise<ReadonlySet<string>> {
    const { client, rights } = this.#parts
    const all = this.#hasExpressions() ? await client.listTopics() : []
    return new Set([...this.#subscriptions.values()].flatMap((each) => matchTopics(each, all, rights.canRead)))
  }

  async #followPolicy(): Promise<void> {
    const wanted = await this.#match().catch(() => undefined)
    if (wanted === undefined || this.#state !== 'running') return
    const isSame = wanted.size === this.topics.size && [...wanted].every((topic) => this.topics.has(topic))
    if (isSame && !this.#parts.rights.isDealtOtherwise()) return
    if (wanted.size === 0) await this.#leaveAll()
    else await this.#exchange()
  }

  async #restart(): Promise<void> {
    if ((await this.#match()).size === 0) await this.#leaveAll()
    else await this.#exchange()
  }

  /** Its expressions find nothing that is allowed: a group that reads nothing would hide that. */
  async #leaveAll(): Promise<void> {
    if (this.#isEnded()) return
    this.#denied(NO_TOPIC)
    await this.#parts.consumer.current.disconnect().catch(() => {})
  }

  #denied(reason: string): void {
    const { client, groupId } = this.#parts
    const isNews = this.#state !== 'denied'
    this.#enter('denied', reason)
    if (isNews) client.consumerDenied({ groupId, topics: [...this.topics], reason })
    this.#tryLater()
    this.#lookForPolicy()
  }

  async #exchange(): Promise<void> {
    const { consumer, client, groupId, rights } = this.#parts
    if (this.#isEnded()) return
    const paused = consumer.current.paused()
    if (paused.length > 0) this.#paused = paused
    this.#enter('restarting')
    await consumer.current.disconnect().catch(() => {})
    if (this.#isEnded()) return
    consumer.replace()
    await connectSignedIn(consumer.current, client.session)
    const anew: Subscription[] = []
    for (const { topics, fromBeginning } of this.#subscriptions.values()) {
      const subscription = readSubscription({ topics, fromBeginning }, rights.canRead)
      await consumer.current.subscribe(subscription)
      anew.push(subscription)
    }
    if (this.#isEnded()) return
    this.topics.clear()
    for (const subscription of anew) this.subscribed(subscription)
    this.#enter('running')
    client.consumerResumed({ groupId, topics: [...this.topics] })
    await consumer.current.run(this.#config)
  }

  #pauseAgain(): void {
    const paused = this.#paused.filter(({ topic }) => this.topics.has(topic))
    this.#paused = []
    if (paused.length > 0) this.#parts.consumer.current.pause(paused)
  }
}
