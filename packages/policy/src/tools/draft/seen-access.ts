import * as z from 'zod'
import { MAX_NAME_LENGTH, operations, resourceTypes } from '../../operation.ts'
import type { SeenUse } from '../../seen-access.ts'

/** What a gateway has seen, from when on, and which topics there are. */
export interface SeenUses {
  readonly sinceUnixMs: number
  readonly accesses: readonly SeenUse[]
  /** Since when rules have been in force there. Absent where it is not known. */
  readonly rules?: readonly { readonly id: string; readonly sinceUnixMs: number }[]
  /** Absent where it is not known. */
  readonly topics?: readonly string[]
}

const unixMs = z.number().nonnegative()
const text = z.string().max(MAX_NAME_LENGTH)

const seenUses: z.ZodType<SeenUses> = z.object({
  sinceUnixMs: unixMs,
  accesses: z
    .array(
      z.object({
        issuer: z.string(),
        subject: z.string(),
        clientId: text,
        resourceType: z.enum(resourceTypes),
        operation: z.literal(operations),
        name: text,
        partitions: z.array(z.int().nonnegative()).readonly(),
        ruleIds: z.array(z.string()).readonly(),
        firstUnixMs: unixMs,
        lastUnixMs: unixMs,
      }),
    )
    .readonly(),
  rules: z
    .array(z.object({ id: z.string(), sinceUnixMs: unixMs }))
    .readonly()
    .exactOptional(),
  topics: z.array(z.string()).readonly().exactOptional(),
})

/** Reads what a gateway has seen from its answer; `undefined` where it is none. */
export function parseSeenUses(answer: unknown): SeenUses | undefined {
  const parsed = seenUses.safeParse(answer)
  return parsed.success ? parsed.data : undefined
}
