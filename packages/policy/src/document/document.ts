import type { KeepList } from '@headgate/masking'
import { digestOf, sortedUnique } from '../canonical.ts'
import type { Operation, ResourceType } from '../operation.ts'
import type { PrincipalKind } from '../principal.ts'
import type { OnUnreadable, ProtectionApproval, ProtectionMask, RecordFormat, UnmaskRight } from './protection.ts'
import type { Schedule } from './schedule.ts'

/** Where a thing stands in the source; line and column count from 1. */
export interface SourcePosition {
  readonly path: string
  readonly line: number
  readonly column: number
}

/** First and last partition of a run, both included. */
export type PartitionRange = readonly [first: number, last: number]

/** Names that a principal may have. Members that are present must all match; of each list one value is enough. */
export interface PrincipalMatch {
  readonly issuers?: readonly string[]
  readonly subjects?: readonly string[]
  readonly groups?: readonly string[]
  readonly kinds?: readonly PrincipalKind[]
  /** By the name of a claim; each of them must match, and of its values one is enough. */
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

/** Whom a rule concerns. */
export type Who = 'everyone' | (PrincipalMatch & { readonly not?: PrincipalMatch })

/** One operation on the names that the selectors match. */
export interface Scope {
  readonly resourceType: ResourceType
  readonly operation: Operation
  /** Literal names and `*` patterns, for topics `label:<label>` too; sorted, without repetition. */
  readonly names: readonly string[]
  /** Limits Read and Write to these partitions: sorted, disjoint runs. Absent means the whole topic. */
  readonly partitions?: readonly PartitionRange[]
}

/** A grant (`allow`) or a denial (`deny`) for people. */
export interface Rule {
  readonly id: string
  readonly description?: string
  readonly who: Who
  /** When the rule applies; absent means always. */
  readonly when?: Schedule
  readonly effect: 'allow' | 'deny'
  readonly scopes: readonly Scope[]
  /** What a grant lifts of the masks on reading the topics that it grants Read on. */
  readonly unmask?: UnmaskRight
  /** Of the topics on which it grants Read and Replay, all that the grant shows of their records; absent means everything. */
  readonly only?: KeepList
  /** The grant needs no approval to read and write what it grants Read and Write on. */
  readonly withoutApproval?: true
  readonly source: SourcePosition
}

/** What holds for topics whoever asks. Every entry that matches a topic applies. */
export interface TopicProtection {
  /** The id it was given, or its `match` joined by `,`; unique among those with an approval. */
  readonly id: string
  /** Literal names and `*` patterns; sorted, without repetition. */
  readonly match: readonly string[]
  readonly labels: readonly string[]
  /** The topic is listed, and refused promptly, for those who may not use it. */
  readonly discoverable: boolean
  readonly format?: RecordFormat
  /** `withhold` where the entry masks and says nothing; absent where it has no say. */
  readonly onUnreadable?: OnUnreadable
  /** Sorted, without repetition. */
  readonly mask: readonly ProtectionMask[]
  readonly approval?: ProtectionApproval
  readonly audit: 'standard' | 'required'
  readonly source: SourcePosition
}

/** Who stands behind services, and so may not approve what they ask for. */
export interface Ownership {
  readonly of: PrincipalMatch
  /** Subjects. */
  readonly people: readonly string[]
  /** The issuers that the people are of; absent means whichever states such a subject. */
  readonly issuers?: readonly string[]
  readonly source: SourcePosition
}

/** A whole policy, checked, with its parts united. Plain data that can be sent to another thread or process. */
export interface PolicyDocument {
  readonly version: 1
  readonly topics: readonly TopicProtection[]
  readonly rules: readonly Rule[]
  readonly owners: readonly Ownership[]
}

/**
 * The SHA-256 over what a document means: neither the order of its entries, nor their places in the source, nor
 * descriptions change it.
 */
export function digestDocument(document: PolicyDocument): string {
  const meanings = (entries: readonly object[]): string[] =>
    sortedUnique(entries.map((entry) => digestOf({ ...entry, source: undefined, description: undefined })))
  const { version, topics, rules, owners } = document
  return digestOf({ version, topics: meanings(topics), rules: meanings(rules), owners: meanings(owners) })
}
