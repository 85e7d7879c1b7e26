import type { Clock, ClockTimer, LogPort } from '@headgate/core'
import type { SeenUse } from '@headgate/policy'
import type { SeenEvent } from '../../control-port.ts'
import type { SeenAccessRow } from '../../store/database.ts'
import type { Store } from '../../store/store.ts'

const FLUSH_MS = 2_000
const ROWS_AT_ONCE = 100
/** More than a cluster has clients and things that they do; clients choose the names, so that there must be an end. */
const MAX_ENTRIES = 100_000
const MAX_PARTITIONS = 1_000
/** Of all entries together: they are numbers that clients choose. */
const MAX_PARTITIONS_IN_ALL = 1_000_000
const MAX_RULES = 100
const MAX_KNOWN_RULES = 100_000

const KEY = ['issuer', 'subject', 'client_id', 'resource_type', 'operation', 'name'] as const

/** All that a {@link SeenBook} holds. */
export interface SeenSoFar {
  readonly sinceUnixMs: number
  readonly entries: readonly SeenUse[]
  readonly rules: readonly { readonly id: string; readonly sinceUnixMs: number }[]
}

/** What {@link SeenBook} needs. */
export interface SeenBookOptions {
  /** Opens the store; absent where none is configured, and what was seen ends with the process. */
  readonly openStore: (() => Promise<Store>) | undefined
  readonly clock: Clock
  readonly log: LogPort
}

/**
 * What clients were let do, each thing once, with the first and the last time.
 *
 * It is kept in memory, which is what questions are answered from, and written through to the store behind it: a gateway's
 * store belongs to it alone. Past the bound nothing new is taken; that is logged.
 */
export class SeenBook {
  readonly #options: SeenBookOptions
  readonly #entries = new Map<string, SeenUse>()
  readonly #unwritten = new Set<string>()
  /** Since when rules are in force. */
  readonly #rules = new Map<string, number>()
  readonly #unwrittenRules = new Set<string>()
  readonly #beganUnixMs: number
  #sinceUnixMs: number
  #loading: Promise<Store> | undefined
  #writing: Promise<void> = Promise.resolve()
  #timer: ClockTimer | undefined
  #isFull = false
  #partitionCount = 0

  constructor(options: SeenBookOptions) {
    this.#options = options
    this.#beganUnixMs = options.clock.nowUnixMs()
    this.#sinceUnixMs = this.#beganUnixMs
  }

  /** Takes in what a client was let do; never throws. */
  note({ issuer, principal: subject, clientId, accesses }: SeenEvent): void {
    for (const access of accesses) this.#take({ ...access, issuer, subject, clientId })
    if (this.#unwritten.size > 0) this.#writeSoon()
  }

  /** Takes in which rules are in force; never throws. What is known of rules that are not is kept: they may come back. */
  noteRules(ruleIds: readonly string[]): void {
    const now = this.#options.clock.nowUnixMs()
    for (const id of ruleIds) {
      if (this.#rules.has(id) || this.#rules.size >= MAX_KNOWN_RULES) continue
      this.#rules.set(id, now)
      this.#unwrittenRules.add(id)
    }
    if (this.#unwrittenRules.size > 0) this.#writeSoon()
  }

  /**
   * Everything that was seen and from when on, and since when rules are in force.
   *
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  async read(): Promise<SeenSoFar> {
    await this.#load()
    const rules = [...this.#rules].map(([id, sinceUnixMs]) => ({ id, sinceUnixMs }))
    return { sinceUnixMs: this.#sinceUnixMs, entries: [...this.#entries.values()], rules }
  }

  /** Writes what is not written, and gives the store back. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#write()
    await this.#writing
    await this.#loading?.then((store) => store.close()).catch(() => undefined)
  }

  #writeSoon(): void {
    this.#timer ??= this.#options.clock.after(FLUSH_MS, () => {
      this.#timer = undefined
      this.#write()
    })
  }

  #take(access: SeenUse): void {
    const key = keyOf(access)
    const known = this.#entries.get(key)
    if (known === undefined && this.#entries.size >= MAX_ENTRIES) {
      if (!this.#isFull) this.#options.log.warn({ event: 'seen', count: MAX_ENTRIES }, 'no more accesses are kept')
      this.#isFull = true
      return
    }
    this.#put(key, known, known === undefined ? access : unite(known, access))
    this.#unwritten.add(key)
  }

  /** Past the bound an entry keeps the partitions that it had. */
  #put(key: string, known: SeenUse | undefined, entry: SeenUse): void {
    const partitions = known?.partitions ?? []
    const more = entry.partitions.length - partitions.length
    const isWithin = more <= 0 || this.#partitionCount + more <= MAX_PARTITIONS_IN_ALL
    if (isWithin) this.#partitionCount += more
    this.#entries.set(key, isWithin ? entry : { ...entry, partitions })
  }

  #load(): Promise<Store | undefined> {
    const { openStore } = this.#options
    if (openStore === undefined) return Promise.resolve(undefined)
    this.#loading ??= openStore().then((store) => this.#takeUp(store))
    this.#loading.catch(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #takeUp(store: Store): Promise<Store> {
    const { database } = store
    const [since] = await database.selectFrom('seen_since').selectAll().execute()
    if (since === undefined) await database.insertInto('seen_since').values({ at_unix_ms: this.#beganUnixMs }).execute()
    else this.#sinceUnixMs = Number(since.at_unix_ms)
    for (const row of await database.selectFrom('seen_accesses').selectAll().limit(MAX_ENTRIES).execute()) {
      const entry = entryOf(row)
      const newer = this.#entries.get(keyOf(entry))
      this.#put(keyOf(entry), newer, newer === undefined ? entry : unite(entry, newer))
    }
    for (const { rule_id: id, first_at_unix_ms: first } of await database
      .selectFrom('seen_rules')
      .selectAll()
      .execute())
      this.#rules.set(id, Math.min(Number(first), this.#rules.get(id) ?? Number.POSITIVE_INFINITY))
    return store
  }

  /** INVARIANT: one writing at a time, so that an older state of a row never overwrites a newer one. */
  #write(): void {
    const [keys, ruleIds] = [[...this.#unwritten], [...this.#unwrittenRules]]
    this.#unwritten.clear()
    this.#unwrittenRules.clear()
    if (keys.length === 0 && ruleIds.length === 0) return
    this.#writing = this.#writing
      .then(() => this.#writeRows(keys, ruleIds))
      .catch((error: unknown) => {
        for (const key of keys) this.#unwritten.add(key)
        for (const id of ruleIds) this.#unwrittenRules.add(id)
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        this.#options.log.error({ event: 'seen', code }, 'what was seen could not be written: it is tried again')
      })
  }

  async #writeRows(keys: readonly string[], ruleIds: readonly string[]): Promise<void> {
    const store = await this.#load()
    if (store === undefined) return
    const since = ruleIds.map((id) => ({ rule_id: id, first_at_unix_ms: this.#rules.get(id) ?? this.#beganUnixMs }))
    for (let at = 0; at < since.length; at += ROWS_AT_ONCE)
      await store.database
        .insertInto('seen_rules')
        .values(since.slice(at, at + ROWS_AT_ONCE))
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    const rows = keys.flatMap((key) => {
      const entry = this.#entries.get(key)
      return entry === undefined ? [] : [rowOf(entry)]
    })
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
      await store.database
        .insertInto('seen_accesses')
        .values(rows.slice(at, at + ROWS_AT_ONCE))
        .onConflict((conflict) =>
          conflict.columns(KEY).doUpdateSet(({ ref }) => ({
            first_at_unix_ms: ref('excluded.first_at_unix_ms'),
            last_at_unix_ms: ref('excluded.last_at_unix_ms'),
            partitions: ref('excluded.partitions'),
            rule_ids: ref('excluded.rule_ids'),
          })),
        )
        .execute()
  }
}

/** JSON keeps the parts apart whatever characters they hold. */
function keyOf({ issuer, subject, clientId, resourceType, operation, name }: SeenUse): string {
  return JSON.stringify([issuer, subject, clientId, resourceType, operation, name])
}

function unite(one: SeenUse, other: SeenUse): SeenUse {
  return {
    ...one,
    partitions: united(one.partitions, other.partitions, MAX_PARTITIONS).sort((a, b) => a - b),
    ruleIds: united(one.ruleIds, other.ruleIds, MAX_RULES),
    firstUnixMs: Math.min(one.firstUnixMs, other.firstUnixMs),
    lastUnixMs: Math.max(one.lastUnixMs, other.lastUnixMs),
  }
}

function united<T>(one: readonly T[], other: readonly T[], max: number): T[] {
  return [...new Set([...one, ...other])].slice(0, max)
}

function rowOf(entry: SeenUse): SeenAccessRow {
  return {
    issuer: entry.issuer,
    subject: entry.subject,
    client_id: entry.clientId,
    resource_type: entry.resourceType,
    operation: entry.operation,
    name: entry.name,
    first_at_unix_ms: entry.firstUnixMs,
    last_at_unix_ms: entry.lastUnixMs,
    partitions: JSON.stringify(entry.partitions),
    rule_ids: JSON.stringify(entry.ruleIds),
  }
}

function entryOf(row: SeenAccessRow): SeenUse {
  return {
    issuer: row.issuer,
    subject: row.subject,
    clientId: row.client_id,
    resourceType: row.resource_type as SeenUse['resourceType'],
    operation: Number(row.operation) as SeenUse['operation'],
    name: row.name,
    partitions: JSON.parse(row.partitions) as number[],
    ruleIds: JSON.parse(row.rule_ids) as string[],
    firstUnixMs: Number(row.first_at_unix_ms),
    lastUnixMs: Number(row.last_at_unix_ms),
  }
}
