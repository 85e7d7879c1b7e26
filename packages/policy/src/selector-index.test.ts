import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isGlob, matchesGlob, mayOverlap } from './glob.ts'
import { SelectorIndex } from './selector-index.ts'

const selector = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), minLength: 1, maxLength: 5 })

test('the index says what trying each selector says', () => {
  fc.assert(
    fc.property(fc.array(selector, { maxLength: 8 }), selector, (selectors, asked) => {
      const index = new SelectorIndex(selectors)
      const literals = selectors.filter((each) => !isGlob(each))
      expect(index.hasLiteralIn(asked)).toBe(literals.some((each) => matchesGlob(asked, each)))
      expect(index.hasGlobAcross(asked)).toBe(selectors.some((each) => isGlob(each) && mayOverlap(each, asked)))
    }),
    { numRuns: 3000 },
  )
})
