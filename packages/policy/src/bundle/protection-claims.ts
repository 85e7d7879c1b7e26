import { detectorNames, type MaskStrategy, parseSelector, parseStrategy } from '@headgate/masking'
import * as z from 'zod'
import { checkAnywhereKey, checkHeaderName } from '../document/mask-words.ts'
import { checkExactName, checkTopicPattern } from '../document/names.ts'
import type { AccessDirection, ProtectionMask, UnmaskRight } from '../document/protection.ts'
import { MAX_NAME_LENGTH } from '../operation.ts'
import type { ResidualProtection } from '../program/residual.ts'

const isFine =
  (check: (text: string) => unknown) =>
  (text: string): boolean =>
    check(text) === undefined

const names = (check: (text: string) => unknown): z.ZodReadonly<z.ZodArray<z.ZodString>> =>
  z
    .array(z.string().refine(isFine(check)))
    .min(1)
    .readonly()

const on: z.ZodType<readonly AccessDirection[]> = z
  .array(z.enum(['consume', 'produce']))
  .min(1)
  .max(2)
  .readonly()

const selector = z.string().refine((text) => {
  const result = parseSelector(text)
  return result.ok && result.selector.canonical === text
})

const strategy: z.ZodType<MaskStrategy> = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.enum(['remove', 'null', 'default', 'email']) }),
    z.strictObject({ type: z.literal('constant'), value: z.union([z.string(), z.number(), z.boolean()]) }),
    z.strictObject({ type: z.enum(['keep-first', 'keep-last']), count: z.int() }),
    z.strictObject({ type: z.literal('token'), label: z.string() }),
  ])
  .refine((source) => {
    try {
      return parseStrategy(source) !== undefined
    } catch {
      return false
    }
  })

const detect = z.array(z.enum(detectorNames)).min(1).readonly()

const mask: z.ZodType<ProtectionMask> = z
  .strictObject({
    on,
    with: strategy,
    fields: selector.exactOptional(),
    anywhere: names(checkAnywhereKey).exactOptional(),
    detect: detect.exactOptional(),
    headers: names(checkHeaderName).exactOptional(),
    key: z.literal(true).exactOptional(),
  })
  .refine(({ on: _on, with: _with, ...targets }) => Object.keys(targets).length === 1)

const durationMs = z.int().positive()

const approval: z.ZodType<NonNullable<ResidualProtection['approval']>> = z.strictObject({
  protection: z.string().min(1).max(MAX_NAME_LENGTH),
  on,
  by: names(checkExactName),
  issuers: names(checkExactName).exactOptional(),
  people: z.int().positive(),
  reason: z.enum(['required', 'optional']),
  forMs: durationMs,
  decideWithinMs: durationMs,
})

/** What a grant lifts, in a bundle. */
export const unmaskClaims: z.ZodType<UnmaskRight> = z.strictObject({
  fields: z.array(selector).min(1).readonly().exactOptional(),
  anywhere: names(checkAnywhereKey).exactOptional(),
  detect: detect.exactOptional(),
  headers: names(checkHeaderName).exactOptional(),
  key: z.literal(true).exactOptional(),
})

/** What a protection asks for, in a bundle. */
export const protectionClaims: z.ZodType<ResidualProtection> = z.strictObject({
  match: names(checkTopicPattern),
  format: z.enum(['json', 'text', 'opaque']).exactOptional(),
  onUnreadable: z.enum(['withhold', 'placeholder']).exactOptional(),
  mask: z.array(mask).readonly(),
  approval: approval.exactOptional(),
  audit: z.enum(['standard', 'required']),
})
