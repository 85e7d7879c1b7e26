import { detectorNames, type KeepList, type MaskStrategy, parseSelector, parseStrategy } from '@headgate/masking'
import * as z from 'zod/mini'
import { canonicalJson } from '../canonical.ts'
import { checkAnywhereKey, checkHeaderName } from '../document/mask-words.ts'
import { checkExactName, checkTopicPattern } from '../document/names.ts'
import type { AccessDirection, ProtectionMask, UnmaskRight } from '../document/protection.ts'
import { canonicalFields, isShowing } from '../keep-list.ts'
import { MAX_NAME_LENGTH } from '../operation.ts'
import type { ResidualProtection } from '../program/residual.ts'
import { isFine, names } from './checked-names.ts'

const on: z.ZodMiniType<readonly AccessDirection[]> = z.readonly(
  z.array(z.enum(['consume', 'produce'])).check(z.minLength(1), z.maxLength(2)),
)

const selector = z.string().check(
  z.refine((text) => {
    const result = parseSelector(text)
    return result.ok && result.selector.canonical === text
  }),
)

const strategy: z.ZodMiniType<MaskStrategy> = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.enum(['remove', 'null', 'default', 'email']) }),
    z.strictObject({ type: z.literal('constant'), value: z.union([z.string(), z.number(), z.boolean()]) }),
    z.strictObject({ type: z.enum(['keep-first', 'keep-last']), count: z.int() }),
    z.strictObject({ type: z.literal('token'), label: z.string() }),
  ])
  .check(
    z.refine((source) => {
      try {
        return parseStrategy(source) !== undefined
      } catch {
        return false
      }
    }),
  )

const detect = z.readonly(z.array(z.enum(detectorNames)).check(z.minLength(1)))

const mask: z.ZodMiniType<ProtectionMask> = z
  .strictObject({
    on,
    with: strategy,
    fields: z.exactOptional(selector),
    anywhere: z.exactOptional(names(checkAnywhereKey)),
    detect: z.exactOptional(detect),
    headers: z.exactOptional(names(checkHeaderName)),
    key: z.exactOptional(z.literal(true)),
  })
  .check(z.refine(({ on: _on, with: _with, ...targets }) => Object.keys(targets).length === 1))

const positive = z.int().check(z.positive())

const approval: z.ZodMiniType<NonNullable<ResidualProtection['approval']>> = z.strictObject({
  protection: z.string().check(z.minLength(1), z.maxLength(MAX_NAME_LENGTH)),
  on,
  by: names(checkExactName),
  issuers: z.exactOptional(names(checkExactName)),
  people: positive,
  reason: z.enum(['required', 'optional']),
  forMs: positive,
  decideWithinMs: positive,
})

/** What a grant lifts, in a bundle. */
export const unmaskClaims: z.ZodMiniType<UnmaskRight> = z.strictObject({
  fields: z.exactOptional(z.readonly(z.array(selector).check(z.minLength(1)))),
  anywhere: z.exactOptional(names(checkAnywhereKey)),
  detect: z.exactOptional(detect),
  headers: z.exactOptional(names(checkHeaderName)),
  key: z.exactOptional(z.literal(true)),
})

/** What a grant shows at all, in a bundle: in its one form, and something. */
export const keepClaims: z.ZodMiniType<KeepList> = z
  .strictObject({
    fields: z
      .readonly(z.array(selector))
      .check(z.refine((fields) => canonicalJson(canonicalFields(fields)) === canonicalJson(fields))),
    headers: z.readonly(z.array(z.string().check(z.refine(isFine(checkHeaderName))))),
    key: z.boolean(),
  })
  .check(z.refine(isShowing))

/** What a protection asks for, in a bundle. */
export const protectionClaims: z.ZodMiniType<ResidualProtection> = z.strictObject({
  match: names(checkTopicPattern),
  format: z.exactOptional(z.enum(['json', 'text', 'opaque'])),
  onUnreadable: z.exactOptional(z.enum(['withhold', 'placeholder'])),
  mask: z.readonly(z.array(mask)),
  approval: z.exactOptional(approval),
  audit: z.enum(['standard', 'required']),
})
