import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Operation } from '../operation.ts'
import { decide } from './decide.ts'
import { programOf } from './policy-fixture.ts'
import { PrefixTrie } from './prefix-trie.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', 'n', 'é', '東', '\u{1F600}'), maxLength: 6 })
const texts = fc.uniqueArray(text, { maxLength: 20 })

function longestOf(prefixes: readonly string[], name: string): string | undefined {
  return prefixes.filter((prefix) => name.startsWith(prefix)).sort((a, b) => b.length - a.length)[0]
}

test('the trie finds the text that a name is, else the longest that it begins with, and those that this one begins with', () => {
  fc.assert(
    fc.property(texts, texts, text, (prefixes, wholes, other) => {
      const numbered = [...prefixes, ...wholes]
      const trie = new PrefixTrie({
        prefixes: new Map(prefixes.map((each, nth) => [each, nth])),
        wholes: new Map(wholes.map((each, nth) => [each, prefixes.length + nth])),
      })
      for (const name of [other, ...numbered, ...numbered.map((each) => each + other), `${other}${other}`]) {
        const at = trie.find(name)
        expect(numbered[at]).toBe(wholes.includes(name) ? name : longestOf(prefixes, name))
        expect(at >= prefixes.length).toBe(wholes.includes(name))
      }
      for (const [at, each] of numbered.entries()) {
        const others = at < prefixes.length ? prefixes.filter((prefix) => prefix !== each) : prefixes
        expect(numbered[trie.outerOf(at)]).toBe(longestOf(others, each))
      }
    }),
    { numRuns: 2000 },
  )
})

test('from the end, the trie finds the longest text that a name ends with', () => {
  fc.assert(
    fc.property(texts, text, (suffixes, other) => {
      const trie = new PrefixTrie(
        { prefixes: new Map(suffixes.map((each, nth) => [each, nth])), wholes: new Map() },
        'end',
      )
      for (const name of [other, ...suffixes, ...suffixes.map((each) => other + each)]) {
        const expected = suffixes.filter((suffix) => name.endsWith(suffix)).sort((a, b) => b.length - a.length)[0]
        expect(suffixes[trie.find(name)]).toBe(expected)
      }
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['whose characters have the same last bits', 256, 256],
  ['of which as many as there are characters go on in different ways', 65_536, 1],
])('texts %s are found', (_, count, distance) => {
  const prefixes = Array.from({ length: count }, (__, n) => `x${String.fromCharCode(n * distance)}`)
  const trie = new PrefixTrie({ prefixes: new Map(prefixes.map((each, nth) => [each, nth])), wholes: new Map() })
  expect(prefixes.map((each) => trie.find(`${each}!`))).toEqual(prefixes.map((__, nth) => nth))
  expect([trie.find('y'), trie.find('x'), trie.find('')]).toEqual([-1, -1, -1])
})

test('P8: names that match ever other sets of patterns are decided the same, and none of them stays for ever', () => {
  const letters = [...'abcdefghijklmn']
  const rules = letters.map((letter) => `{ id: r-${letter}, who: everyone, may: { consume: ["*${letter}*"] } }`)
  const program = programOf(`rules: [${rules.join()}]`)
  for (let bits = 1; bits < 2 ** letters.length; bits += 1) {
    const named = letters.filter((_, at) => (bits & (1 << at)) !== 0)
    const { ruleIds } = decide(program, 'topic', Operation.Read, named.join(''))
    expect(ruleIds).toEqual(named.map((letter) => `r-${letter}`))
  }
})
