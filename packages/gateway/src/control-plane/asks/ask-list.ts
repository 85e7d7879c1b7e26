import type { AskState } from '../../control-port.ts'
import { type Ask, type AskActor, isEnded } from './ask.ts'
import { maySee } from './ask-access.ts'
import type { ListQuery } from './ask-body.ts'
import type { AskFilter } from './ask-table.ts'
import type { Asks } from './asks.ts'
import { AskBodyError } from './errors.ts'

/** A part of the list, and from where the next one goes on. */
export interface AskPage {
  readonly asks: readonly Ask[]
  /** Absent when there are no more. */
  readonly next: string | undefined
}

const STATES: readonly AskState[] = ['pending', 'approved', 'active', 'denied', 'expired', 'revoked', 'canceled']
const DEFAULT_LIMIT = 50
const SCAN_ROWS = 200
/** So many asks are looked at for one page; who may see few of many goes on from there. */
const MAX_SCANS = 10

type Cursor = NonNullable<AskFilter['after']>

function encodeCursor({ createdAtUnixMs, id }: Cursor): string {
  return Buffer.from(JSON.stringify([createdAtUnixMs, id])).toString('base64url')
}

function decodeCursor(text: string): Cursor {
  try {
    const [createdAtUnixMs, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [unknown, unknown]
    if (typeof createdAtUnixMs === 'number' && typeof id === 'string') return { createdAtUnixMs, id }
  } catch {
    // Told below.
  }
  throw new AskBodyError('`after` is not one that a list gave')
}

function statesOf(text: string): readonly AskState[] {
  if (text === 'live') return STATES.filter((state) => !isEnded(state))
  const words = text.split(',')
  const states = STATES.filter((state) => words.includes(state))
  if (states.length !== new Set(words).size) throw new AskBodyError(`\`state\` is none of ${STATES.join(', ')}, live`)
  return states
}

/**
 * Lists the asks that somebody may see, newest first.
 *
 * @throws {AskBodyError} `ERR_GATEWAY_ASK_BODY`
 */
export async function listAsks(asks: Asks, actor: AskActor, query: ListQuery, seesAll: boolean): Promise<AskPage> {
  const { state, topic, mine, limit = DEFAULT_LIMIT, after } = query
  const filter = {
    ...(state === undefined ? {} : { states: statesOf(state) }),
    ...(topic === undefined ? {} : { topic }),
    ...(mine === 'true' ? { asker: { issuer: actor.issuer, subject: actor.subject } } : {}),
  }
  const found: Ask[] = []
  let cursor = after === undefined ? undefined : decodeCursor(after)
  for (let scan = 0; scan < MAX_SCANS; scan += 1) {
    const rows = await asks.list({ ...filter, limit: SCAN_ROWS, ...(cursor && { after: cursor }) })
    for (const ask of rows) {
      cursor = { createdAtUnixMs: ask.createdAtUnixMs, id: ask.id }
      if (seesAll || maySee(ask, actor)) found.push(ask)
      if (found.length === limit) return { asks: found, next: encodeCursor(cursor) }
    }
    if (rows.length < SCAN_ROWS) return { asks: found, next: undefined }
  }
  return { asks: found, next: cursor && encodeCursor(cursor) }
}
