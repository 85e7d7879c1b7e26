import type { Operation, ResourceType } from './operation.ts'

/** Something that a client was let do, united over some time. */
export interface SeenAccess {
  readonly resourceType: ResourceType
  readonly operation: Operation
  readonly name: string
  /** Where single partitions were spoken of; bounded. */
  readonly partitions: readonly number[]
  /** The rules that granted it; none where it passed by a mode. */
  readonly ruleIds: readonly string[]
  readonly firstUnixMs: number
  readonly lastUnixMs: number
}

/** The same with who did it: what a gateway tells, and what a policy is drafted from. */
export interface SeenUse extends SeenAccess {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
}
