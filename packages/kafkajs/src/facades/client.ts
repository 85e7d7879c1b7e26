import type { Clock } from '@headgate/core'
import { findCause } from '../access/find-cause.ts'
import type { Gate } from '../access/gate.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { explainConnectFailure } from '../connection/connect-failure.ts'
import type { ConnectionTarget } from '../connection/socket-factory.ts'
import type { Consumption } from '../consumption/consumption.ts'
import { HeadgateSignInRefusedError } from '../errors.ts'
import type { WithheldRecords } from '../events.ts'
import type { TopicMasks } from '../masking/topic-mask.ts'
import type { Metering } from '../telemetry/metering.ts'
import type { Tracing } from '../telemetry/tracing.ts'

/** What a facade needs of the session. */
export interface ClientSession {
  open(): Promise<void>
  forgetToken(): boolean
  retain(user: object): void
  release(user: object): void
  /** Looks for a newer policy. */
  renew(): Promise<void>
  /** Where connections go, once that is known. */
  readonly target?: ConnectionTarget | undefined
}

/** A consumer that ended or came back. */
export interface ConsumerNotice {
  readonly groupId: string
  readonly topics: readonly string[]
}

/** What a facade works with. */
export interface Client {
  readonly session: ClientSession
  readonly gate: Gate
  readonly tracing: Tracing
  readonly metering: Metering
  readonly masks: TopicMasks
  readonly approvals: Approvals
  readonly clock: Clock
  /** The consumers that run, or that are to come back. */
  readonly consumptions: Set<Consumption>
  /** Connects without a log line for each try. */
  readonly quietly: (connect: () => Promise<void>) => Promise<void>
  /** Every topic that the gateway shows. */
  readonly listTopics: () => Promise<readonly string[]>
  /** Told of a consumer that a denial ended. */
  readonly consumerDenied: (notice: ConsumerNotice & { readonly reason: string }) => void
  /** Told of a consumer that comes back, or goes on with other topics. */
  readonly consumerResumed: (notice: ConsumerNotice) => void
  /** Told of records that the application does not see. */
  readonly withheld: (records: Omit<WithheldRecords, 'total'>) => void
}

/** The part of kafkajs's clients that connects. */
interface Connectable {
  connect(): Promise<void>
  disconnect(): Promise<void>
}

const isSignInRefusal = (error: unknown): boolean =>
  findCause(error, (cause) => cause instanceof HeadgateSignInRefusedError) !== undefined

/** Connects; the kept token may be older than the gateway's keys, so that there is one try with a new one also where kafkajs may retry nothing. */
export async function connectSignedIn(
  inner: Pick<Connectable, 'connect'>,
  session: Pick<ClientSession, 'forgetToken'>,
): Promise<void> {
  try {
    await inner.connect()
  } catch (error) {
    if (!isSignInRefusal(error) || !session.forgetToken()) throw error
    await inner.connect()
  }
}

/** Connects and disconnects kafkajs's client, which holds on to the session as long as it is connected. */
export function createLifecycle(
  inner: Connectable,
  { session, quietly }: Client,
  admit: () => Promise<unknown>,
): Connectable {
  return {
    async connect() {
      await session.open()
      await admit()
      session.retain(inner)
      try {
        await quietly(() => connectSignedIn(inner, session))
      } catch (error) {
        session.release(inner)
        throw explainConnectFailure(error, session.target?.kafka.bootstrap)
      }
    },
    async disconnect() {
      try {
        await inner.disconnect()
      } finally {
        session.release(inner)
      }
    },
  }
}
