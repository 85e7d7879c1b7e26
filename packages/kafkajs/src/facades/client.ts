import { KafkaJSSASLAuthenticationError } from '#kafkajs'
import type { Gate } from '../access/gate.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { WithheldRecords } from '../events.ts'
import type { TopicMasks } from '../masking/topic-mask.ts'
import type { Tracing } from '../telemetry/tracing.ts'

/** What a facade needs of the session. */
export interface ClientSession {
  open(): Promise<void>
  forgetToken(): boolean
  retain(user: object): void
  release(user: object): void
}

/** What a facade works with. */
export interface Client {
  readonly session: ClientSession
  readonly gate: Gate
  readonly tracing: Tracing
  readonly masks: TopicMasks
  readonly approvals: Approvals
  /** Told of records that the application does not see. */
  readonly withheld: (records: Omit<WithheldRecords, 'total'>) => void
}

/** The part of kafkajs's clients that connects. */
interface Connectable {
  connect(): Promise<void>
  disconnect(): Promise<void>
}

function isSignInRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof KafkaJSSASLAuthenticationError) return true
  }
  return false
}

/** Connects and disconnects kafkajs's client, which holds on to the session as long as it is connected. */
export function createLifecycle(inner: Connectable, { session }: Client, admit: () => Promise<unknown>): Connectable {
  const connectInner = async (): Promise<void> => {
    try {
      await inner.connect()
    } catch (error) {
      // The kept token may be older than the gateway's keys: one try with a new one.
      if (!isSignInRefusal(error) || !session.forgetToken()) throw error
      await inner.connect()
    }
  }
  return {
    async connect() {
      await session.open()
      await admit()
      session.retain(inner)
      try {
        await connectInner()
      } catch (error) {
        session.release(inner)
        throw error
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
