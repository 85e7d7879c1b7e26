import { isTopicName } from '@headgate/policy'
import { z } from 'zod'
import type { AskOperation } from '../../control-port.ts'
import { AskBodyError } from './errors.ts'

/** What `POST /v1/asks` takes. */
export interface OpenBody {
  readonly topic: string
  readonly operation: AskOperation
  readonly reason?: string | undefined
  readonly durationMs?: number | undefined
  readonly startsAtUnixMs?: number | undefined
}

/** What the steps of an ask take. */
export interface StepBody {
  readonly reason?: string | undefined
  /** The revision that whoever takes the step has looked at. */
  readonly revision?: number | undefined
}

/** What the list may be narrowed by. */
export interface ListQuery {
  readonly state?: string | undefined
  readonly topic?: string | undefined
  readonly mine?: 'true' | 'false' | undefined
  readonly limit?: number | undefined
  readonly after?: string | undefined
}

const MAX_REASON_LENGTH = 1_000
const MAX_TOPIC_LENGTH = 249
const MAX_LIMIT = 200
const MAX_TIME_MS = 8.64e15

const reason = z.string().trim().min(1).max(MAX_REASON_LENGTH)
const revision = z.int().min(1).optional()

const openSchema: z.ZodType<OpenBody> = z.strictObject({
  topic: z.string().refine(isTopicName),
  operation: z.enum(['consume', 'produce']),
  reason: reason.optional(),
  durationMs: z.int().min(1_000).optional(),
  startsAtUnixMs: z.int().min(0).max(MAX_TIME_MS).optional(),
})

const stepSchema: z.ZodType<StepBody> = z.strictObject({ reason: reason.optional(), revision })
const reasonedSchema: z.ZodType<StepBody & { readonly reason: string }> = z.strictObject({ reason, revision })

const listSchema: z.ZodType<ListQuery> = z.strictObject({
  state: z.string().max(100).optional(),
  topic: z.string().max(MAX_TOPIC_LENGTH).optional(),
  mine: z.enum(['true', 'false']).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).optional(),
  after: z.string().max(300).optional(),
})

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AskBodyError('it is no JSON')
  }
}

/** The problem names the member, and quotes nothing of what was sent. */
function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  if (issue?.code === 'unrecognized_keys') throw new AskBodyError('it has a member that is not known')
  const member = issue?.path.join('.') ?? ''
  throw new AskBodyError(member === '' ? 'it is no object' : `\`${member}\` is missing or not acceptable`)
}

/**
 * Parses the body of a request for an approval.
 *
 * @throws {AskBodyError} `ERR_GATEWAY_ASK_BODY`
 */
export function parseOpenBody(text: string): OpenBody {
  return check(openSchema, json(text))
}

/**
 * Parses the body of a step in which a reason may be left out; so may the body.
 *
 * @throws {AskBodyError} `ERR_GATEWAY_ASK_BODY`
 */
export function parseStepBody(text: string): StepBody {
  return check(stepSchema, text === '' ? {} : json(text))
}

/**
 * Parses the body of a step that wants a reason.
 *
 * @throws {AskBodyError} `ERR_GATEWAY_ASK_BODY`
 */
export function parseReasonedBody(text: string): StepBody & { readonly reason: string } {
  return check(reasonedSchema, json(text))
}

/**
 * Checks the query of the list.
 *
 * @throws {AskBodyError} `ERR_GATEWAY_ASK_BODY`
 */
export function parseListQuery(query: Readonly<Record<string, string>>): ListQuery {
  return check(listSchema, query)
}
