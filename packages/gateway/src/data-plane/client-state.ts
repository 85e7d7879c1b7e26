import { ReadOnMemo } from './records/read-on-memo.ts'
import { ToldOnce } from './told-once.ts'

/** The producer id and epoch under which a transactional id is held. */
export interface TransactionHold {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Partitions that a member takes of topics that it may read in part, by topic. */
export type PartitionClaims = ReadonlyMap<string, readonly number[]>

/** What the gateway remembers of one client connection between its requests. */
export class ClientState {
  /** Topics that a member subscribed to when it joined, by group id. */
  readonly subscriptions: Map<string, readonly string[]> = new Map()
  /** What members are bound to, by group id; nothing for a member that is dealt whole topics. */
  readonly claims: Map<string, PartitionClaims> = new Map()
  /** Transactional ids that were initialised on this connection. */
  readonly transactions: Map<string, TransactionHold> = new Map()
  /** What the client's software calls itself in ApiVersions; empty where it does not. It is no proof of anything. */
  softwareName = ''
  /** Where reading goes on behind records that are withheld. */
  readonly readOn: ReadOnMemo = new ReadOnMemo()
  /** Topics that the client named, that were not there, and that a broker may create for that; bounded. */
  readonly awaitedTopics: Set<string> = new Set()
  /** What has been told of what passes by the modes of the gateway. */
  readonly wouldDeny: ToldOnce = new ToldOnce()
}
