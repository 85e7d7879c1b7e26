import { Secret } from '@headgate/core'
import { parseStrategy, type TokenKey } from '@headgate/masking'
import { expect, test } from 'vitest'
import { MaskCompiler } from './compiled-mask.ts'
import { maskRecordSet } from './mask-record-set.ts'
import { batch, decodeSet, obligation } from './record-set-fixture.ts'

const keyOf = (kid: string, fill: number): TokenKey => ({ kid, secret: new Secret(Buffer.alloc(32, fill)) })
const TOKENS = obligation({ value: [{ fields: 'secret', with: parseStrategy({ token: 'user' }) }] })
const SET = batch(0, { codec: 0, records: [{ key: null, value: '{"secret":"4111111111111111"}' }] })

function maskedBy(masks: MaskCompiler): string {
  const { records } = maskRecordSet(SET, { mask: masks.compile(TOKENS), fetchOffset: 0n, form: 'marker' })
  return String(decodeSet(records)[0]?.records[0]?.value)
}

test('other keys make the tokens of what comes, and the mask of what is under way stays as it was', () => {
  const masks = new MaskCompiler([keyOf('k1', 1)])
  const before = masks.compile(TOKENS)
  const first = maskedBy(masks)
  expect(masks.replaceKeys([keyOf('k1', 1)])).toBe(false)
  expect(masks.compile(TOKENS)).toBe(before)

  expect(masks.replaceKeys([keyOf('k2', 2), keyOf('k1', 1)])).toBe(true)
  const second = maskedBy(masks)
  expect([first, second].map((text) => text.includes('4111'))).toEqual([false, false])
  expect([first.includes('k1'), second.includes('k2'), second.includes('k1')]).toEqual([true, true, false])
  const { records } = maskRecordSet(SET, { mask: before, fetchOffset: 0n, form: 'marker' })
  expect(String(decodeSet(records)[0]?.records[0]?.value)).toBe(first)
})

test('the same name with another secret is another key, and without any key a record that wants a token is withheld', () => {
  const masks = new MaskCompiler([keyOf('k1', 1)])
  const first = maskedBy(masks)
  masks.replaceKeys([keyOf('k1', 2)])
  expect(maskedBy(masks)).not.toBe(first)
  masks.replaceKeys([])
  const result = maskRecordSet(SET, { mask: masks.compile(TOKENS), fetchOffset: 0n, form: 'marker' })
  expect(result).toMatchObject({ withheldCount: 1 })
})
