import type { SessionQuery } from './session-query.ts'
import type { SessionSummary, SessionTable, StoredEntry } from './session-table.ts'

/** One connection of a session. */
export interface SessionSocket {
  readonly writer: string
  readonly connection: number
  readonly address: string
  readonly listener?: string
  readonly clientId?: string
  readonly mechanism: string
  readonly signedInAt: string
  readonly signIns: number
  readonly closedAt?: string
  /** The code of why the gateway closed it. */
  readonly closedReason?: string
}

/** A session, and what it did. */
export interface SessionDetail extends SessionSummary {
  readonly groups?: readonly string[]
  readonly sockets: readonly SessionSocket[]
  readonly clients: readonly string[]
  readonly addresses: readonly string[]
  readonly entries: readonly Pick<StoredEntry, 'kind' | 'event'>[]
  /** Absent when there are no more entries. */
  readonly next?: string
}

const DEFAULT_ENTRIES = 200
const MAX_SIGN_INS = 1_000

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

function openSocket({ event }: StoredEntry): Mutable<SessionSocket> | undefined {
  if (event.event !== 'sign-in.accepted' && event.event !== 're-authentication.accepted') return undefined
  const { source, clientId, writer, mechanism, time } = event
  return {
    ...{ writer, connection: source?.connection ?? -1, address: source?.address ?? '', mechanism, signedInAt: time },
    ...(source?.listener === undefined ? {} : { listener: source.listener }),
    ...(clientId === undefined ? {} : { clientId }),
    signIns: 1,
  }
}

/** Puts sign-ins and ends together by connection; a number that begins anew after its end is another connection. */
function socketsOf(entries: readonly StoredEntry[]): readonly SessionSocket[] {
  const sockets: Mutable<SessionSocket>[] = []
  const open = new Map<string, Mutable<SessionSocket>>()
  for (const entry of entries) {
    const { event } = entry
    const key = `${event.source?.connection ?? -1} ${event.writer}`
    const known = open.get(key)
    if (entry.kind === 'closed') {
      if (known === undefined) continue
      known.closedAt = event.time
      if ('reason' in event && event.reason !== undefined) known.closedReason = event.reason
      open.delete(key)
    } else if (known !== undefined && event.event === 're-authentication.accepted') known.signIns += 1
    else {
      const socket = openSocket(entry)
      if (socket === undefined) continue
      sockets.push(socket)
      open.set(key, socket)
    }
  }
  return sockets
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== undefined && value !== ''))] as string[]
}

/** Gathers what is on record of one session; `undefined` where there is none. */
export async function describeSession(
  table: SessionTable,
  id: string,
  { limit = DEFAULT_ENTRIES, after }: SessionQuery,
): Promise<SessionDetail | undefined> {
  const summary = await table.find(id)
  if (summary === undefined) return undefined
  const signIns = (await table.entries(id, { kinds: ['sign-in', 'closed'], limit: MAX_SIGN_INS })).items
  const kinds = ['read', 'read-intent', 'write', 'write-intent', 'denial', 'ask', 'replay'] as const
  const { items, next } = await table.entries(id, { kinds, after, limit })
  const groups =
    signIns.flatMap(({ event }) => event.actor?.groups ?? []).length > 0
      ? signIns.findLast(({ event }) => event.actor?.groups !== undefined)?.event.actor?.groups
      : undefined
  const sockets = socketsOf(signIns)
  const own = items.filter(({ kind }) => kind !== 'replay').map(({ event }) => event)
  return {
    ...summary,
    ...(groups === undefined ? {} : { groups }),
    sockets,
    clients: distinct([...sockets.map(({ clientId }) => clientId), ...own.map(({ clientId }) => clientId)]),
    addresses: distinct([...sockets.map(({ address }) => address), ...own.map(({ source }) => source?.address)]),
    entries: items.map(({ kind, event }) => ({ kind, event })),
    ...(next === undefined ? {} : { next }),
  }
}
