import { readdirSync, readFileSync } from 'node:fs'
import { Secret } from '@headgate/core'
import { expect, test } from 'vitest'
import { maskJsonBytes } from './json/mask-json-bytes.ts'
import { maskJsonValue } from './object/mask-json-value.ts'
import { compilePlan, type MaskPlan, type PlanOptions } from './plan/compile-plan.ts'
import type { MaskRule, Unmask } from './plan/rule.ts'
import type { MaskedField } from './result.ts'

interface Row {
  readonly description: string
  readonly rules: readonly MaskRule[]
  readonly unmask?: Unmask
  readonly only?: readonly string[]
  readonly tokenKeys?: readonly { readonly kid: string; readonly secretHex: string }[]
  readonly records: readonly {
    readonly record: string
    readonly want?: string
    readonly masked?: Readonly<Record<string, number>>
    readonly withheld?: string
    /** The record has keys twice, of which an object holds one. */
    readonly duplicates?: boolean
  }[]
}

const folder = new URL('../../../test/conformance/masking/', import.meta.url)
const rows = readdirSync(folder).map((file): [string, Row] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
])

function planOf({ rules, unmask, only, tokenKeys = [] }: Row): MaskPlan {
  const keys = tokenKeys.map(({ kid, secretHex }) => ({ kid, secret: new Secret(Buffer.from(secretHex, 'hex')) }))
  const options: PlanOptions = { tokenKeys: keys, ...(unmask && { unmask }), ...(only && { only }) }
  return compilePlan(rules, options)
}

const countsOf = (masked: readonly MaskedField[]): Record<string, number> =>
  Object.fromEntries(masked.map(({ field, count }) => [field, count]))

test.each(rows)('conformance, bytes: %s', (_name, row) => {
  const plan = planOf(row)
  const shown = row.records.map(({ record, duplicates }) => {
    const result = maskJsonBytes(plan, Buffer.from(record))
    if (result.status === 'withheld') return { record, withheld: result.reason }
    const more = duplicates === undefined ? {} : { duplicates }
    if (result.status === 'unchanged') return { record, want: record, masked: {}, ...more }
    return { record, want: result.bytes.toString(), masked: countsOf(result.masked), ...more }
  })
  expect(shown).toEqual(row.records)
})

test.each(rows)('conformance, bytes: what is masked stays as it is when it is masked again: %s', (_name, row) => {
  const plan = planOf(row)
  for (const { want } of row.records)
    if (want !== undefined) expect([want, maskJsonBytes(plan, Buffer.from(want)).status]).toEqual([want, 'unchanged'])
})

test.each(rows)('conformance, objects: %s', (_name, row) => {
  const plan = planOf(row)
  for (const { record, want, masked, duplicates = false } of row.records) {
    if (want === undefined) continue
    const value: unknown = JSON.parse(record)
    const before = structuredClone(value)
    const result = maskJsonValue(plan, value)
    const [shown, counts] = result.status === 'masked' ? [result.value, countsOf(result.masked)] : [value, {}]
    expect([record, result.status === 'withheld', shown]).toEqual([record, false, JSON.parse(want)])
    if (!duplicates) expect([record, counts]).toEqual([record, masked])
    expect(value).toEqual(before)
  }
})
