import type { AuditEnvelope, AuditEvent } from '@headgate/audit'
import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { Database } from '../../store/database.ts'

/** What of the trail is asked for; a field that is left out asks for all. */
export interface TrailFilter {
  readonly issuer?: string
  readonly principal?: string
  readonly session?: string
  readonly topic?: string
  readonly partition?: number
  readonly offset?: bigint
  readonly event?: string
  /** What took place from then on, or up to then: RFC 3339, UTC, milliseconds. */
  readonly from?: string
  readonly to?: string
  /** The place that an earlier answer named as the next one. */
  readonly after?: number
  readonly limit: number
}

/** An event as an answer shows it: as it is on record, but for what chains it. */
export type AnsweredEvent = Omit<AuditEnvelope, 'prev'> &
  AuditEvent & {
    /** `unknown`: what was intended may have taken place or not. */
    readonly outcome?: 'unknown'
  }

/** A part of an answer. */
export interface TrailPage {
  readonly events: readonly AnsweredEvent[]
  /** Where the next part begins; absent when there is none. */
  readonly next: number | undefined
}

type Query = SelectQueryBuilder<Database, 'audit_events', { seq: number; content: string; intent: string | null }>

const READS = ['records.read', 'records.read-intent', 'session.replayed']
const WRITES = ['records.written', 'records.write-intent', 'records.write-unknown']

function select(database: Kysely<Database>): Query {
  return database.selectFrom('audit_events').select(['seq', 'content', 'intent'])
}

/** An intent whose outcome is known stands for nothing: the outcome does. */
function withoutSettledIntents(query: Query): Query {
  return query.where(({ eb, or, not, exists, selectFrom }) =>
    or([
      eb('audit_events.intent', 'is', null),
      not(
        exists(
          selectFrom('audit_outcomes')
            .select('audit_outcomes.intent')
            .whereRef('audit_outcomes.intent', '=', 'audit_events.intent'),
        ),
      ),
    ]),
  )
}

function narrow(query: Query, filter: TrailFilter): Query {
  const { issuer, principal, session, topic, partition, offset, event, from, to, after, limit } = filter
  let narrowed = query.orderBy('seq').limit(limit + 1)
  if (issuer !== undefined) narrowed = narrowed.where('issuer', '=', issuer)
  if (principal !== undefined) narrowed = narrowed.where('subject', '=', principal)
  if (session !== undefined) narrowed = narrowed.where('session', '=', session)
  if (topic !== undefined) narrowed = narrowed.where('topic', '=', topic)
  if (partition !== undefined) narrowed = narrowed.where('partition', '=', partition)
  if (offset !== undefined) narrowed = narrowed.where('first_offset', '<=', offset).where('last_offset', '>=', offset)
  if (event !== undefined) narrowed = narrowed.where('event', '=', event)
  if (from !== undefined) narrowed = narrowed.where('time', '>=', from)
  if (to !== undefined) narrowed = narrowed.where('since', '<=', to)
  return after === undefined ? narrowed : narrowed.where('seq', '>', after)
}

async function answer(query: Query, limit: number): Promise<TrailPage> {
  const rows = await query.execute()
  const page = rows.slice(0, limit)
  const events = page.map(({ content, intent }) => {
    const event = JSON.parse(content) as AnsweredEvent
    return intent === null ? event : { ...event, outcome: 'unknown' as const }
  })
  return { events, next: rows.length > limit ? Number(page.at(-1)?.seq) : undefined }
}

/** Lists events in the order in which they are on record. */
export function listEvents(database: Kysely<Database>, filter: TrailFilter): Promise<TrailPage> {
  return answer(withoutSettledIntents(narrow(select(database), filter)), filter.limit)
}

/** Who read records: delivered to them, or perhaps delivered. */
export function whoRead(database: Kysely<Database>, filter: TrailFilter): Promise<TrailPage> {
  return answer(withoutSettledIntents(narrow(select(database), filter)).where('event', 'in', READS), filter.limit)
}

/** Writes that stand on no approval: written, or perhaps written. */
export function unapprovedWrites(database: Kysely<Database>, filter: TrailFilter): Promise<TrailPage> {
  const query = withoutSettledIntents(narrow(select(database), filter))
  return answer(query.where('event', 'in', WRITES).where('approvals', '=', 0), filter.limit)
}
