import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Operation } from '../operation.ts'
import { decide } from './decide.ts'
import { programOf } from './policy-fixture.ts'
import { type PrefixEntry, PrefixTrie } from './prefix-trie.ts'

function chainOf(entry: PrefixEntry<string, never> | undefined): string[] {
  return entry === undefined ? [] : [entry.prefix, ...chainOf(entry.outer)]
}

test('the trie finds every text that a name begins with, the longest first', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', 'é', '東'), maxLength: 6 })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), text, (prefixes, name) => {
      const trie = new PrefixTrie<string, never>()
      for (const prefix of prefixes) expect(trie.at(prefix, () => `of ${prefix}`)).toBe(`of ${prefix}`)
      const expected = [...new Set(prefixes)].filter((prefix) => name.startsWith(prefix))
      expect(chainOf(trie.longest(name))).toEqual(expected.sort((a, b) => b.length - a.length))
      const all = trie.entries().map(({ prefix }) => prefix)
      expect(all.toSorted()).toEqual([...new Set(prefixes)].sort())
    }),
    { numRuns: 2000 },
  )
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
