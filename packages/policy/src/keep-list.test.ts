import type { KeepList } from '@headgate/masking'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalFields, keepsNoMore, keepWords, uniteKeepLists } from './keep-list.ts'

const list = (fields: readonly string[], more: Partial<KeepList> = {}): KeepList => ({
  fields: canonicalFields(fields),
  headers: [],
  key: false,
  ...more,
})

test.each([
  [
    ['b', 'a', 'b'],
    ['a', 'b'],
  ],
  [['a(c,b)'], ['a/b', 'a/c']],
  [['a/b', 'a'], ['a']],
  [['a/b/c', 'a/*', 'a/b'], ['a/*']],
  [
    ['*/x', 'a(x,y)'],
    ['*/x', 'a/y'],
  ],
  [['*', 'a/b', 'c'], ['*']],
  [
    ['\\*/x', 'b/x'],
    ['\\*/x', 'b/x'],
  ],
  [['*/x', '\\*/x'], ['*/x']],
  // A slash of a name is no step.
  [
    ['a\\/b/c', 'a'],
    ['a', 'a\\/b/c'],
  ],
  [['a\\\\/b', 'a\\\\'], ['a\\\\']],
  [[], []],
])('%j is %j', (written, canonical) => {
  expect(canonicalFields(written)).toEqual(canonical)
  expect(canonicalFields(canonical)).toEqual(canonical)
})

test('a list is in the words that give it', () => {
  expect(keepWords(list(['a', 'key', 'header:x'], { headers: ['h'], key: true }))).toEqual([
    ...['a', '\\header:x', '\\key'],
    ...['header:h', 'key'],
  ])
})

const step = fc.constantFrom('a', 'b', '*')
const path = fc.array(step, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('/'))
const keepList = fc
  .record({ fields: fc.array(path, { maxLength: 4 }), headers: fc.subarray(['h', 'i']), key: fc.boolean() })
  .map(({ fields, ...more }) => list(fields, more))

/** Whether a list shows a leaf, by nothing but the meaning of a path. */
function shows({ fields }: KeepList, leaf: readonly string[]): boolean {
  return fields.some((field) =>
    field.split('/').every((each, index) => (each === '*' ? index < leaf.length : each === leaf[index])),
  )
}

// `z` is a name that no path speaks of; what a path of three steps tells apart shows in leaves of four.
const leaves = ['a', 'b', 'z'].flatMap((one) =>
  ['a', 'b', 'z'].flatMap((two) => ['a', 'b', 'z'].map((three) => [one, two, three, 'z'])),
)
const prefixes = leaves.flatMap((leaf) => [leaf.slice(0, 1), leaf.slice(0, 2), leaf.slice(0, 3), leaf])

test('lists compare as what they show does, and equal ones have one form', () => {
  fc.assert(
    fc.property(keepList, keepList, (one, other) => {
      const isWithin = prefixes.every((leaf) => !shows(one, leaf) || shows(other, leaf))
      const rest = one.headers.every((name) => other.headers.includes(name)) && (!one.key || other.key)
      expect(keepsNoMore(one, other)).toBe(isWithin && rest)
      if (keepsNoMore(one, other) && keepsNoMore(other, one)) expect(one).toEqual(other)
    }),
    { numRuns: 3_000 },
  )
})

test('a union shows what one of them shows, in whatever order', () => {
  fc.assert(
    fc.property(fc.array(keepList, { minLength: 1, maxLength: 4 }), (lists) => {
      const united = uniteKeepLists(lists)
      expect(uniteKeepLists(lists.toReversed())).toEqual(united)
      for (const leaf of prefixes)
        expect(united !== undefined && shows(united, leaf)).toBe(lists.some((each) => shows(each, leaf)))
      expect(uniteKeepLists([...lists, undefined])).toBeUndefined()
    }),
    { numRuns: 1_000 },
  )
})
