import type { DetectorName, MaskStrategy } from '@headgate/masking'

/** The ways in which records pass: to a consumer or from a producer. */
export type AccessDirection = 'consume' | 'produce'

/** How the values of a topic's records are read. */
export type RecordFormat = 'json' | 'text' | 'opaque'

/** What stands in the place of a record that cannot be masked. */
export type OnUnreadable = 'withhold' | 'placeholder'

/** One entry of `mask`. Exactly one of `fields`, `anywhere`, `detect`, `headers` and `key` is there. */
export interface ProtectionMask {
  readonly on: readonly AccessDirection[]
  readonly with: MaskStrategy
  /** A selector of masking in its canonical form. */
  readonly fields?: string
  /** Keys in the form in which masking compares them; sorted. */
  readonly anywhere?: readonly string[]
  readonly detect?: readonly DetectorName[]
  /** Names of headers in the form in which masking compares them; sorted. */
  readonly headers?: readonly string[]
  readonly key?: true
}

/** The approval that a protection asks for. */
export interface ProtectionApproval {
  readonly on: readonly AccessDirection[]
  /** Groups whose members may approve. */
  readonly by: readonly string[]
  /** Issuers whose members of these groups count; absent means every one that may assert them. */
  readonly issuers?: readonly string[]
  /** How many distinct people have to. */
  readonly people: number
  readonly reason: 'required' | 'optional'
  /** The longest that access lasts once approved. */
  readonly forMs: number
  /** How long an ask waits for a decision. */
  readonly decideWithinMs: number
}

/** What a rule lifts of the masks on reading the topics that its `consume` names. Members that are present name something. */
export interface UnmaskRight {
  /** Selectors of masking in their canonical form. */
  readonly fields?: readonly string[]
  readonly anywhere?: readonly string[]
  readonly detect?: readonly DetectorName[]
  readonly headers?: readonly string[]
  readonly key?: true
}
