import type { Clock, ClockTimer } from '@headgate/core'
import {
  MAX_NAME_LENGTH,
  type Operation,
  type Principal,
  type ResourceType,
  resourceTypes,
  type SeenAccess,
} from '@headgate/policy'
import type { ControlPort } from '../../control-port.ts'

const FLUSH_MS = 2_000
/** Different things that one connection is seen to do; as many as a large consumer has topics, and little to keep. */
const MAX_ENTRIES = 10_000
const MAX_PARTITIONS = 1_000
/** Of all entries of a connection together: they are numbers that the client chooses. */
const MAX_PARTITIONS_IN_ALL = 100_000
const OPERATIONS = 32
const MAX_CLIENT_ID_LENGTH = 255

/** What {@link SeenAccesses} needs of its connection. */
export interface SeenAccessesOptions {
  readonly control: ControlPort
  readonly clock: Clock
}

interface Entry extends Pick<SeenAccess, 'resourceType' | 'operation' | 'name'> {
  readonly partitions: Set<number>
  lastPartition: number | undefined
  ruleIds: readonly string[]
  firstUnixMs: number
  isTouched: boolean
}

/**
 * What one connection was let do, on its way to the record that policies are drafted from.
 *
 * A thing that is done over and over costs a look-up each time, and is told every few seconds.
 */
export class SeenAccesses {
  readonly #options: SeenAccessesOptions
  /** By resource type and operation, then by name. */
  readonly #byKind: (Map<string, Entry> | undefined)[] = []
  #principal: Principal | undefined
  #clientId = ''
  #count = 0
  #partitionCount = 0
  #timer: ClockTimer | undefined

  constructor(options: SeenAccessesOptions) {
    this.#options = options
  }

  /** Something was let pass. A connection has one principal. */
  note(
    principal: Principal,
    clientId: string | null,
    resourceType: ResourceType,
    operation: Operation,
    name: string,
    partition: number | undefined,
    ruleIds: readonly string[],
  ): void {
    if (clientId !== this.#clientId && (clientId ?? '') !== this.#clientId) this.#begin(clientId ?? '')
    const kind = resourceTypes.indexOf(resourceType) * OPERATIONS + operation
    const entry = this.#byKind[kind]?.get(name) ?? this.#add(kind, resourceType, operation, name)
    if (entry === undefined) return
    this.#principal = principal
    entry.isTouched = true
    if (entry.ruleIds !== ruleIds) entry.ruleIds = united(entry.ruleIds, ruleIds)
    if (partition !== entry.lastPartition && partition !== undefined) {
      entry.lastPartition = partition
      this.#addPartition(entry.partitions, partition)
    }
    this.#timer ??= this.#options.clock.after(FLUSH_MS, () => this.flush())
  }

  /** Tells of what was done since it was last told. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { control, clock } = this.#options
    const principal = this.#principal
    const lastUnixMs = clock.nowUnixMs()
    const accesses: SeenAccess[] = []
    for (const entries of this.#byKind) {
      for (const entry of entries?.values() ?? []) {
        if (!entry.isTouched) continue
        entry.isTouched = false
        const { resourceType, operation, name, ruleIds, firstUnixMs } = entry
        const partitions = [...entry.partitions].sort((a, b) => a - b)
        accesses.push({ resourceType, operation, name, partitions, ruleIds, firstUnixMs, lastUnixMs })
        entry.firstUnixMs = lastUnixMs
      }
    }
    if (accesses.length === 0 || principal === undefined) return
    const { issuer, subject } = principal
    control.report({
      kind: 'seen',
      issuer,
      principal: subject,
      clientId: this.#clientId.slice(0, MAX_CLIENT_ID_LENGTH),
      accesses,
    })
  }

  /** A client calls itself otherwise: what it did under the other name is told. */
  #begin(clientId: string): void {
    this.flush()
    this.#byKind.length = 0
    this.#count = 0
    this.#partitionCount = 0
    this.#clientId = clientId
  }

  #addPartition(partitions: Set<number>, partition: number): void {
    if (partitions.size >= MAX_PARTITIONS || this.#partitionCount >= MAX_PARTITIONS_IN_ALL) return
    const before = partitions.size
    this.#partitionCount += partitions.add(partition).size - before
  }

  #add(kind: number, resourceType: ResourceType, operation: Operation, name: string): Entry | undefined {
    if (this.#count >= MAX_ENTRIES || name.length > MAX_NAME_LENGTH) return undefined
    const entries = this.#byKind[kind] ?? new Map<string, Entry>()
    this.#byKind[kind] = entries
    this.#count += 1
    const firstUnixMs = this.#options.clock.nowUnixMs()
    const seen = { partitions: new Set<number>(), lastPartition: undefined, ruleIds: [], firstUnixMs, isTouched: true }
    const entry: Entry = { resourceType, operation, name, ...seen }
    entries.set(name, entry)
    return entry
  }
}

/** Both, in one order; one of them where it holds the other. */
function united(one: readonly string[], other: readonly string[]): readonly string[] {
  if (one.length === 0 || other.every((id) => one.includes(id))) return one.length === 0 ? other : one
  return [...new Set([...one, ...other])].sort()
}
