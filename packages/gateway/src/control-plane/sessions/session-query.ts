import { z } from 'zod'
import { SessionQueryError } from './errors.ts'

/** What the list may be narrowed by. */
export interface SessionListQuery {
  /** A subject, or `issuer/subject`. */
  readonly principal?: string | undefined
  /** Only sessions that read, wrote, or were refused this topic. */
  readonly topic?: string | undefined
  /** Only sessions that went on after, and began before. RFC 3339. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly limit?: number | undefined
  readonly after?: string | undefined
}

/** What one session may be narrowed by. */
export interface SessionQuery {
  readonly limit?: number | undefined
  readonly after?: string | undefined
}

/** What a replay may be narrowed by. */
export interface ReplayQuery extends SessionQuery {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
}

const MAX_NAME_LENGTH = 2_100
const MAX_TOPIC_LENGTH = 249
const MAX_CURSOR_LENGTH = 400
const MAX_LIST = 200
const MAX_ENTRIES = 1_000
const MAX_RECORDS = 10_000

const after = z.string().max(MAX_CURSOR_LENGTH).optional()
const topic = z.string().min(1).max(MAX_TOPIC_LENGTH).optional()
const time = z.iso.datetime({ offset: true }).optional()
const upTo = (max: number) => z.coerce.number().int().min(1).max(max).optional()

const listSchema: z.ZodType<SessionListQuery> = z.strictObject({
  principal: z.string().min(1).max(MAX_NAME_LENGTH).optional(),
  topic,
  since: time,
  until: time,
  limit: upTo(MAX_LIST),
  after,
})
const sessionSchema: z.ZodType<SessionQuery> = z.strictObject({ limit: upTo(MAX_ENTRIES), after })
const replaySchema: z.ZodType<ReplayQuery> = z.strictObject({
  topic,
  partition: z.coerce.number().int().min(0).max(0x7fffffff).optional(),
  limit: upTo(MAX_RECORDS),
  after,
})

/** The problem names the parameter, and quotes nothing of what was sent. */
function parse<T>(schema: z.ZodType<T>, query: Readonly<Record<string, string>>): T {
  const { success, data, error } = schema.safeParse(query)
  if (success) return data
  const [issue] = error.issues
  if (issue?.code === 'unrecognized_keys') throw new SessionQueryError('it has a parameter that is not known')
  throw new SessionQueryError(`\`${issue?.path.join('.') ?? ''}\` is not what it must be`)
}

/** Parses the query of `GET /v1/sessions`; throws {@link SessionQueryError}. */
export function parseSessionListQuery(query: Readonly<Record<string, string>>): SessionListQuery {
  return parse(listSchema, query)
}

/** Parses the query of `GET /v1/sessions/:id`; throws {@link SessionQueryError}. */
export function parseSessionQuery(query: Readonly<Record<string, string>>): SessionQuery {
  return parse(sessionSchema, query)
}

/** Parses the query of `GET /v1/sessions/:id/replay`; throws {@link SessionQueryError}. */
export function parseReplayQuery(query: Readonly<Record<string, string>>): ReplayQuery {
  return parse(replaySchema, query)
}

/** Writes a place in a list as one word. */
export function encodeCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Reads a place that {@link encodeCursor} wrote, of these types; throws {@link SessionQueryError}. */
export function decodeCursor(text: string, types: readonly ('string' | 'number')[]): readonly (string | number)[] {
  try {
    const place = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown
    if (Array.isArray(place) && place.length === types.length && place.every((part, n) => typeof part === types[n]))
      return place as (string | number)[]
  } catch {
    // Told below.
  }
  throw new SessionQueryError('`after` is not one that an answer gave')
}
