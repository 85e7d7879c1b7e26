import { type AuditEventName, auditEventNamed, auditEventWords } from '@headgate/audit'
import { HeadgateError } from '@headgate/core'
import { nearestWord } from '@headgate/policy'
import type { TrailFilter } from './trail-questions.ts'

/** A question to the trail cannot be understood. */
export class AuditQueryError extends HeadgateError<'ERR_GATEWAY_AUDIT_QUERY'> {
  readonly code = 'ERR_GATEWAY_AUDIT_QUERY'
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000
const TEXTS = ['issuer', 'principal', 'session', 'topic'] as const
const KNOWN: ReadonlySet<string> = new Set([...TEXTS, 'event', 'partition', 'offset', 'from', 'to', 'after', 'limit'])
const WHOLE = /^\d{1,18}$/

function refuse(what: string): never {
  throw new AuditQueryError({ message: `query: ${what}` })
}

function whole(query: Readonly<Record<string, string>>, key: string): bigint | undefined {
  const text = query[key]
  if (text === undefined) return undefined
  return WHOLE.test(text) ? BigInt(text) : refuse(`\`${key}\` is no whole number`)
}

function time(query: Readonly<Record<string, string>>, key: string): string | undefined {
  const text = query[key]
  if (text === undefined) return undefined
  const unixMs = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(unixMs)
    ? refuse(`\`${key}\` is no time such as 2026-11-24T03:12:00Z`)
    : new Date(unixMs).toISOString()
}

/** An event by its name or its code. What nobody ever records is a slip, and no answer to it tells that nothing took place. */
function eventNamed(word: string | undefined): AuditEventName | undefined {
  if (word === undefined) return undefined
  const nearest = nearestWord(word, auditEventWords)
  const mend = nearest === undefined ? '' : `: did you mean \`${nearest}\`?`
  return auditEventNamed(word) ?? refuse(`there is no \`event\` of this name or code${mend}`)
}

/**
 * Reads the parameters of a question.
 *
 * @throws {AuditQueryError} `ERR_GATEWAY_AUDIT_QUERY`
 */
export function parseTrailQuery(query: Readonly<Record<string, string>>): TrailFilter {
  const unknown = Object.keys(query).find((key) => !KNOWN.has(key))
  if (unknown !== undefined) refuse(`there is no parameter \`${unknown.slice(0, 50)}\``)
  const texts = TEXTS.flatMap((key) => (query[key] === undefined ? [] : [[key, query[key]]]))
  const [partition, offset, after] = [whole(query, 'partition'), whole(query, 'offset'), whole(query, 'after')]
  const event = eventNamed(query['event'])
  const [from, to] = [time(query, 'from'), time(query, 'to')]
  const limit = Number(whole(query, 'limit') ?? DEFAULT_LIMIT)
  if (limit < 1 || limit > MAX_LIMIT) refuse(`\`limit\` is not 1 to ${MAX_LIMIT}`)
  return {
    ...(Object.fromEntries(texts) as Pick<TrailFilter, (typeof TEXTS)[number]>),
    ...(event === undefined ? {} : { event }),
    ...(partition === undefined ? {} : { partition: Number(partition) }),
    ...(offset === undefined ? {} : { offset }),
    ...(after === undefined ? {} : { after: Number(after) }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    limit,
  }
}
