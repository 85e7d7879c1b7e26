import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesGlob } from '../glob.ts'
import { NameIndex } from './name-index.ts'
import { NameMemo } from './name-memo.ts'

test('the index finds exactly the selectors that match', () => {
  const selector = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 7 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 7 })
  fc.assert(
    fc.property(fc.array(selector, { maxLength: 20 }), name, (selectors, wanted) => {
      const index = new NameIndex<null>(() => null)
      for (const each of selectors) index.at(each)
      const found: string[] = []
      index.match(wanted, (entry) => found.push(entry.selector))
      expect(found.sort()).toEqual([...new Set(selectors)].filter((each) => matchesGlob(each, wanted)).sort())
    }),
    { numRuns: 2000 },
  )
})

test('names of prototypes are names', () => {
  const index = new NameIndex<string[]>(() => [])
  index.at('constructor').push('x')
  const found: string[] = []
  for (const name of ['__proto__', 'constructor', 'toString']) index.match(name, (entry) => found.push(entry.selector))
  expect(found).toEqual(['constructor'])
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
