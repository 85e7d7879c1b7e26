import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coversGlob, isGlob, matchesGlob, mayOverlap, splitGlob } from './glob.ts'
import { MAX_NAME_LENGTH } from './operation.ts'

test.each([
  ['orders', 'orders', true],
  ['orders', 'Orders', false],
  ['orders.*', 'orders.eu.v1', true],
  ['orders.*', 'orders.', true],
  ['orders.*', 'orders', false],
  ['team*', 'team2', true],
  ['team.*', 'team2', false],
  ['*', '', true],
  ['*', 'any.thing', true],
  ['*.dlq', 'a.b.dlq', true],
  ['*.dlq', '.dlq', true],
  ['*.dlq', 'dlq', false],
  ['a*b*c', 'aXbbYc', true],
  ['a*b*c', 'acb', false],
  ['ab*ba', 'aba', false],
  ['', '', true],
  ['a.c', 'abc', false],
  ['a*', 'a*', true],
  ['[a-z]*', 'b', false],
])('P2: pattern %j on %j is %j', (pattern, name, expected) => {
  expect(matchesGlob(pattern, name)).toBe(expected)
})

/** The definition: a star takes any run, everything else itself. */
function matchesByDefinition(pattern: string, name: string): boolean {
  if (pattern === '') return name === ''
  if (pattern[0] !== '*') return name[0] === pattern[0] && matchesByDefinition(pattern.slice(1), name.slice(1))
  return [...Array(name.length + 1).keys()].some((taken) => matchesByDefinition(pattern.slice(1), name.slice(taken)))
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 })
const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 })

test('P2: the matcher agrees with the definition', () => {
  fc.assert(
    fc.property(glob, word, (pattern, name) => {
      expect(matchesGlob(pattern, name)).toBe(matchesByDefinition(pattern, name))
    }),
    { numRuns: 3000 },
  )
})

test('a pattern that covers another matches everything that the other matches', () => {
  fc.assert(
    fc.property(glob, glob, fc.array(word, { minLength: 9, maxLength: 9 }), (broad, narrow, runs) => {
      const name = narrow.replace(/\*/g, () => runs.pop() ?? '')
      expect(matchesGlob(narrow, name)).toBe(true)
      if (coversGlob(broad, narrow)) expect(matchesGlob(broad, name)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('two selectors that match one name may overlap, in either order', () => {
  fc.assert(
    fc.property(glob, glob, word, (a, b, name) => {
      expect(mayOverlap(a, b)).toBe(mayOverlap(b, a))
      if (matchesGlob(a, name) && matchesGlob(b, name)) expect(mayOverlap(a, b)).toBe(true)
    }),
    { numRuns: 5000 },
  )
  expect(mayOverlap('eu.*', 'us.*')).toBe(false)
  expect(mayOverlap('*.dlq', '*.log')).toBe(false)
  expect(mayOverlap('orders', 'ord*s')).toBe(true)
  expect(mayOverlap('orders', 'payments')).toBe(false)
})

test('a pattern is cut at its first and last star and nothing is lost', () => {
  fc.assert(
    fc.property(glob.filter(isGlob), (pattern) => {
      const { prefix, suffix, middle } = splitGlob(pattern)
      expect(`${prefix}${middle ?? '*'}${suffix}`).toBe(pattern)
    }),
  )
})

test('P2: the most hostile pattern and name take less than 50 µs', () => {
  const name = 'a'.repeat(MAX_NAME_LENGTH)
  const half = 'a'.repeat(124)
  const patterns = [`*${half}b`, `*${half}b*`, `${'*a'.repeat(124)}b`, `*${half}b${half}*`, `*a*a*a*a*a*a*a*aX`]
  const run = (pattern: string): number => {
    const start = performance.now()
    for (let i = 0; i < 200; i++) matchesGlob(pattern, name)
    return ((performance.now() - start) / 200) * 1000
  }
  for (const pattern of patterns) {
    // The best of several: what is measured is the matcher, not what else the machine does.
    const bestMicroseconds = Math.min(...Array.from({ length: 10 }, () => run(pattern)))
    expect(matchesGlob(pattern, name)).toBe(false)
    expect(bestMicroseconds).toBeLessThan(50)
  }
})
