import { systemClock } from '@headgate/core'
import {
  type Admin,
  type AdminConfig,
  type Consumer,
  type ConsumerConfig,
  Kafka as KafkajsKafka,
  type Logger,
  type Producer,
  type ProducerConfig,
} from '#kafkajs'
import { Access } from './access/access.ts'
import { Gate } from './access/gate.ts'
import { Approvals } from './approvals/approvals.ts'
import type { KafkaConfig } from './config/options.ts'
import { findProcessConcerns } from './config/process-options.ts'
import { isStrict, resolveOptions } from './config/resolve-options.ts'
import { describeUnusedOptions } from './config/unused-options.ts'
import { createInnerConfig } from './connection/inner-config.ts'
import { ConnectLog } from './connection/log-creator.ts'
import type { Consumption } from './consumption/consumption.ts'
import { HeadgateUnusedOptionsError } from './errors.ts'
import { HeadgateEventEmitter, type HeadgateEventName, type HeadgateListener, headgateEvents } from './events.ts'
import { createAdmin } from './facades/admin.ts'
import { type Client, connectSignedIn } from './facades/client.ts'
import { createConsumer } from './facades/consumer.ts'
import { GrantedPartitions } from './facades/granted-partitions.ts'
import { createInnerConsumerConfig, createInnerProducerConfig } from './facades/inner-client-config.ts'
import { createProducer } from './facades/producer.ts'
import { wasCodecOffered } from './kafkajs/codecs.ts'
import { TopicMasks } from './masking/topic-mask.ts'
import { createObserver } from './observer.ts'
import { GatewaySession } from './session/gateway-session.ts'
import { Metering } from './telemetry/metering.ts'
import { takeBackMethods } from './telemetry/take-back.ts'
import { Tracing } from './telemetry/tracing.ts'

/**
 * kafkajs's `Kafka`, connected through a Headgate gateway.
 *
 * It connects with a token of the gateway and decides by the signed policy of this service before anything is sent.
 * That is a guard rail, not a boundary: code in the same process can go around it, and the gateway checks all of it
 * again.
 *
 * @example
 * ```ts
 * import { clientCredentials, Kafka } from '@headgate/kafkajs'
 *
 * const kafka = new Kafka({
 *   clientId: 'orders',
 *   headgate: {
 *     gateway: 'https://headgate.example:8443',
 *     bundleKeys: ['f1Q0G9nmyzXz7PAmn_3wcQtbPBtBdOx7ZMf3PcOEw9Y'],
 *     identity: clientCredentials({ issuer: 'https://idp.example', clientId: 'orders', clientSecretFile: '/run/secret' }),
 *   },
 * })
 * ```
 */
export class Kafka {
  readonly #inner: KafkajsKafka
  readonly #session: GatewaySession
  readonly #gate: Gate
  readonly #emitter: HeadgateEventEmitter
  readonly #clientId: string | undefined
  readonly #isTraced: boolean
  readonly #masks = new TopicMasks()
  readonly #approvals: Approvals
  readonly #access: Access
  readonly #consumptions = new Set<Consumption>()
  readonly #parts: Pick<Client, 'quietly' | 'clock' | 'withheld' | 'consumerDenied' | 'consumerResumed'>

  constructor(config: KafkaConfig) {
    const { headgate, clientId } = config
    const unused = describeUnusedOptions(config, wasCodecOffered())
    if (unused !== undefined && isStrict(headgate, process.env))
      throw new HeadgateUnusedOptionsError({ message: `${unused}: remove them, since \`strict\` wants none` })
    const clock = headgate?.clock ?? systemClock
    this.#clientId = clientId
    this.#isTraced = headgate?.tracing ?? true
    // Our spans are the ones; where they are not wanted, an instrumentation's may be.
    if (this.#isTraced) takeBackMethods<Kafka>(this, ['producer', 'consumer'])
    this.#session = new GatewaySession({
      resolve: () => resolveOptions(headgate, process.env),
      clock,
      // The observer needs kafkajs's logger, and kafkajs needs the session.
      observer: {
        policyChanged: (...args) => {
          observer.policyChanged(...args)
          this.#rightsChanged()
        },
        renewalFailed: (...args) => observer.renewalFailed(...args),
        asksChanged: () => this.#approvals.lookAgain(),
      },
    })
    const connectLog = new ConnectLog()
    this.#inner = new KafkajsKafka(createInnerConfig(config, this.#session, connectLog))
    const logger = this.#inner.logger().namespace('Headgate')
    this.#emitter = new HeadgateEventEmitter(clock, (name, error) => {
      logger.error(`Failed to execute listener of ${name}: ${error instanceof Error ? error.message : 'unknown'}`)
    })
    const observer = createObserver(logger, this.#emitter, clientId, this.#isTraced)
    this.#gate = new Gate(this.#session, observer.denied)
    const { withheld, consumerDenied, consumerResumed } = observer
    this.#parts = {
      quietly: (connect) => connectLog.quietly(connect),
      clock,
      withheld,
      consumerDenied,
      consumerResumed,
    }
    this.#approvals = new Approvals({
      clock,
      list: (topic) => this.#session.asks(topic),
      isNeeded: () => this.#session.isInUse,
      report: (event, ask) => {
        observer.approval(event, ask)
        if (event === 'headgate.approval-approved') this.#rightsChanged()
      },
    })
    this.#access = new Access({
      session: this.#session,
      gate: this.#gate,
      masks: this.#masks,
      approvals: this.#approvals,
      consumptions: this.#consumptions,
      clock,
    })
    if (unused !== undefined) logger.warn(unused)
    const { options: processOptions, isGrave } = findProcessConcerns(process.execArgv, process.env)
    const tell = isGrave ? logger.warn : logger.info
    if (processOptions.length > 0) tell('This process lets other code see what it sees', { processOptions })
  }

  /** Names of the events of {@link Kafka.on}. */
  get events(): typeof headgateEvents {
    return headgateEvents
  }

  /** Creates a producer. */
  producer(config: ProducerConfig = {}): Producer {
    const inner = this.#inner.producer(createInnerProducerConfig(config, this.#gate))
    const scope = { isIdempotent: config.idempotent === true, transactionalId: config.transactionalId }
    return createProducer(inner, this.#client(), scope)
  }

  /** Creates a consumer of a group. */
  consumer(config: ConsumerConfig): Consumer {
    const { groupId } = config ?? {}
    const granted = new GrantedPartitions(this.#gate)
    const innerConfig = createInnerConsumerConfig(config ?? {}, groupId, this.#gate, granted)
    return createConsumer(() => this.#inner.consumer(innerConfig), this.#client(groupId), groupId, granted)
  }

  /** Creates an administrator. */
  admin(config: AdminConfig = {}): Admin {
    const { retry } = config
    return createAdmin(this.#inner.admin(retry === undefined ? {} : { retry }), this.#client())
  }

  /** The logger that kafkajs writes to. */
  logger(): Logger {
    return this.#inner.logger()
  }

  /** Listens to an event of Headgate; the function given back ends that. */
  on<Name extends HeadgateEventName>(eventName: Name, listener: HeadgateListener<Name>): () => void {
    return this.#emitter.on(eventName, listener)
  }

  /** What this service may do and why, asking for approvals, and how it is. */
  access(): Access {
    return this.#access
  }

  #rightsChanged(): void {
    for (const consumption of [...this.#consumptions]) consumption.rightsChanged()
  }

  async #listTopics(): Promise<readonly string[]> {
    const admin = this.#inner.admin()
    await connectSignedIn(admin, this.#session)
    return admin.listTopics().finally(() => admin.disconnect())
  }

  #client(groupId?: string): Client {
    const attributes = { clientId: this.#clientId, ...(groupId !== undefined && { groupId }) }
    return {
      session: this.#session,
      gate: this.#gate,
      tracing: new Tracing(attributes, this.#isTraced),
      metering: new Metering(attributes, this.#parts.clock),
      masks: this.#masks,
      approvals: this.#approvals,
      consumptions: this.#consumptions,
      listTopics: () => this.#listTopics(),
      ...this.#parts,
    }
  }
}
