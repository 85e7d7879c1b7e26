import type { Operation, ResourceType } from '@headgate/policy'

/** One question to the policy: may this client do the operation on the resource? */
export interface Ask {
  readonly resourceType: ResourceType
  readonly operation: Operation
  readonly name: string
  /**
   * The partitions that are touched, where the caller names each of them; nothing where the whole topic is meant.
   * Called only when the whole topic is not allowed.
   */
  readonly partitions?: () => readonly number[] | undefined
  /** The one partition that records come from: a right to it may show more of them than one to the whole topic. */
  readonly partition?: number
  /** Whether a right to some partitions of the topic is enough, because what is not granted is not asked for later. */
  readonly inPart?: true
  /** What allows it as well. */
  readonly or?: Alternative
}

/** A second way to be allowed: by a name of its own, or by the right to any name of the type. */
export type Alternative =
  | { readonly resourceType: ResourceType; readonly operation: Operation; readonly name: string }
  | { readonly onAny: ResourceType; readonly operation: Operation }
