import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesGlob } from '../glob.ts'
import { NameIndex, NO_SPOT } from './name-index.ts'
import { NameMemo } from './name-memo.ts'

function matching<T>(index: NameIndex<T>, name: string): string[] {
  return index.entriesFor(name).map(({ selector }) => selector)
}

test('the index finds exactly the selectors that match', () => {
  const selector = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 7 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 7 })
  fc.assert(
    fc.property(fc.array(selector, { maxLength: 20 }), name, (selectors, wanted) => {
      const index = new NameIndex<null>(() => null)
      for (const each of selectors) index.at(each)
      expect(matching(index, wanted).sort()).toEqual(
        [...new Set(selectors)].filter((each) => matchesGlob(each, wanted)).sort(),
      )
    }),
    { numRuns: 2000 },
  )
})

test('the same entries match names that have a spot in common', () => {
  const selector = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 })
  fc.assert(
    fc.property(fc.array(selector, { maxLength: 8 }), name, fc.array(name), (selectors, text, names) => {
      const index = new NameIndex<null>(() => null, [text])
      for (const each of selectors) index.at(each)
      const bySpot = new Map(
        index.places.map((place, number) => [number, index.entriesAt(place)?.map(({ selector }) => selector)]),
      )
      for (const each of [text, ...names]) {
        const spot = index.spotOf(each)
        if (spot === NO_SPOT) continue
        const matched = matching(index, each)
        if (!bySpot.has(spot)) bySpot.set(spot, matched)
        expect(bySpot.get(spot)).toEqual(matched)
        // Those that begin with a text that has a place of its own have it in common with no others.
        for (const other of names)
          if (index.spotOf(other) === spot) expect(other.startsWith(text)).toBe(each.startsWith(text))
      }
    }),
    { numRuns: 4000 },
  )
})

test('names of prototypes are names', () => {
  const index = new NameIndex<string[]>(() => [])
  index.at('constructor').push('x')
  const names = ['__proto__', 'constructor', 'toString']
  expect(names.flatMap((name) => matching(index, name))).toEqual(['constructor'])
})

test('P8: the memo holds no more than two generations however many names come', () => {
  const memo = new NameMemo<number>(100)
  for (let i = 0; i < 10_000; i++) memo.set(`name-${i}`, i)
  expect(memo.size).toBeLessThanOrEqual(200)
})

test('a name in use survives a flood of others', () => {
  const memo = new NameMemo<number>(100)
  memo.set('used', 1)
  for (let i = 0; i < 1000; i++) {
    memo.set(`name-${i}`, i)
    if (i % 50 === 0) memo.get('used')
  }
  expect(memo.get('used')).toBe(1)
})
