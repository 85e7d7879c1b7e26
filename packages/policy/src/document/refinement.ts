import * as z from 'zod'
import { checkExactName, checkIdentifier, checkTopicPattern } from './names.ts'
import type { Fault, InnerFault } from './problem.ts'

/** What may be wrong with a value. */
export type Check<T> = (value: T) => Fault | undefined

/** A type with a check of ours, whose fault goes along with the issue. */
export function refined<T>(type: z.ZodType<T>, check: Check<T>): z.ZodType<T> {
  return refinedWithin(type, (value) => [check(value) ?? []].flat())
}

/** Likewise, for a text in which several things can be wrong, each at its place. */
export function refinedWithin<T>(
  type: z.ZodType<T>,
  check: (value: T) => readonly (Fault | InnerFault)[],
): z.ZodType<T> {
  return type.superRefine((value, context) => {
    for (const fault of check(value)) context.addIssue({ code: 'custom', message: fault.message, params: { fault } })
  })
}

/** An optional list that holds something. */
export function list<T extends z.ZodType>(item: T, description: string): z.ZodOptional<z.ZodArray<T>> {
  return z.array(item).min(1).optional().describe(description)
}

/** A text with a check of ours, and a pattern for editors. */
export const text = (check: Check<string>, pattern?: string): z.ZodType<string> =>
  refined(z.string(), check).meta(pattern === undefined ? {} : { pattern })

/** An id or a label of the policy's own. */
export const identifier: z.ZodType<string> = text(checkIdentifier, '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$')

/** An issuer, a subject or a group. */
export const exactName: z.ZodType<string> = text(checkExactName)

/** A topic's name, or a pattern. */
export const topicPattern: z.ZodType<string> = text(checkTopicPattern, '^[a-zA-Z0-9._*-]{1,249}$')
