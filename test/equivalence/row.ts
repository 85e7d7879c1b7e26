import type { RawClient } from '../clients/raw-client.ts'
import type { User } from './rights.ts'

/** What the body of a request may depend on. */
export interface RowContext {
  readonly version: number
  /** The id that a topic has on this side. */
  topicId(name: string): string
  /** What the row's preparation gave. */
  readonly prepared: Prepared
}

/** What a side answered before: ids that it made up. */
export interface Prepared {
  readonly memberId: string
  readonly generationId: number
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** One request, in every version that both sides offer, unless the row says in which. */
export interface Row {
  readonly name: string
  readonly apiKey: number
  readonly versions?: { readonly min?: number; readonly max?: number }
  /** `restricted` by default. */
  readonly as?: User
  /** Requests before the one that is compared. */
  readonly prepare?: (client: RawClient, version: number) => Promise<Partial<Prepared>>
  readonly body: (context: RowContext) => object
  /** A request that has no answer; what is compared is whether the connection lives on. */
  readonly unanswered?: boolean
  /** Ends what the request began. */
  readonly finish?: (client: RawClient, prepared: Prepared, version: number) => Promise<unknown>
}

/** A difference that is meant. It must show in every version that it speaks of. */
export interface KnownDifference {
  /** The row's name. */
  readonly row: string
  readonly versions?: { readonly min?: number; readonly max?: number }
  /** Where in the answer; `*` is any run of characters. */
  readonly path: string
  readonly reason: string
}
