import fc from 'fast-check'
import jsonMask from 'json-mask'
import { expect, test } from 'vitest'
import { MAX_SELECTOR_DEPTH, MAX_SELECTOR_LENGTH, parseSelector } from './parse-selector.ts'
import { jsonMaskText, type SelectorNode, selectedPaths } from './selector-node.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 500)

function canonicalOf(text: string): string {
  const result = parseSelector(text)
  return result.ok ? result.selector.canonical : JSON.stringify(result.problems)
}

function problemsOf(text: string): string[] {
  const result = parseSelector(text)
  return result.ok ? [] : result.problems.map(({ line, column, code }) => `${line}:${column} ${code.slice(21)}`)
}

test.each([
  ['a', 'a'],
  ['b,a', 'a,b'],
  ['a/b,a/c', 'a(b,c)'],
  ['a(b),a(c/d,c/e)', 'a(b,c(d,e))'],
  ['a(b)', 'a/b'],
  ['*/x,a/*', 'a/*,*/x'],
  ['\\*,a\\*b', '\\*,a\\*b'],
  ['a\\.b/\\$c', 'a\\.b/\\$c'],
  ['a\\/b\\,c\\(d\\)\\\\', 'a\\/b\\,c\\(d\\)\\\\'],
  ['a b/ü', 'a b/ü'],
  ['constructor/hasOwnProperty,10,2', '10,2,constructor/hasOwnProperty'],
])('`%s` is read as `%s`', (text, canonical) => {
  expect(canonicalOf(text)).toBe(canonical)
})

test.each([
  ['', ['1:1 EMPTY']],
  ['  ', ['1:1 EMPTY']],
  ['a,', ['1:3 SYNTAX']],
  [',,a', ['1:1 SYNTAX']],
  ['/a', ['1:1 SYNTAX']],
  ['a//b', ['1:3 SYNTAX']],
  ['a(b', ['1:4 SYNTAX']],
  ['a)', ['1:2 SYNTAX']],
  ['a((b))', ['1:3 SYNTAX']],
  ['a/(b,c)', ['1:3 SYNTAX']],
  ['a()', ['1:3 SYNTAX']],
  ['a(b)c', ['1:5 SYNTAX']],
  ['a.b,items[*],$x,!y', ['1:2 NAME', '1:5 NAME', '1:10 NAME', '1:12 NAME', '1:14 NAME', '1:17 NAME']],
  ['a*', ['1:1 NAME']],
  ['**', ['1:1 NAME']],
  ['a\\', ['1:2 NAME']],
  ['a/__proto__', ['1:3 NAME']],
  ['a(__proto__/x)', ['1:3 NAME']],
  [' a, b', ['1:1 NAME', '1:4 NAME']],
  ['a,\nb', ['1:3 NAME', '1:3 NAME']],
  ['a,a', ['1:3 OVERLAP']],
  ['a,a/b', ['1:3 OVERLAP']],
  ['a/b,a', ['1:5 OVERLAP']],
  ['*,\\*', ['1:3 OVERLAP']],
  ['\\\\\\*', ['1:1 NAME']],
  ['a\u0000', ['1:1 NAME']],
])('`%s` is refused with its places', (text, problems) => {
  expect(problemsOf(text)).toEqual(problems)
})

test('length and depth have limits', () => {
  expect(problemsOf('a'.repeat(MAX_SELECTOR_LENGTH + 1))).toEqual(['1:1 TOO_LARGE'])
  expect(problemsOf(Array(MAX_SELECTOR_DEPTH).fill('a').join('/'))).toEqual([])
  expect(
    problemsOf(
      Array(MAX_SELECTOR_DEPTH + 1)
        .fill('a')
        .join('/'),
    ),
  ).toEqual(['1:65 TOO_LARGE'])
})

test('every text is read or refused, and what is read says the same in its canonical form', () => {
  const pieces = fc.constantFrom('a', 'b', 'c.d', '*', '\\', '\\*', ',', '/', '(', ')', ' ', '__proto__', 'é', '.')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const result = parseSelector(parts.join(''))
      if (!result.ok) return result.problems.length > 0
      const again = parseSelector(result.selector.canonical)
      return again.ok && again.selector.canonical === result.selector.canonical
    }),
    { numRuns: RUNS },
  )
})

function drafts(depth: number): fc.Arbitrary<SelectorNode> {
  const leaf: SelectorNode = { selected: true, children: new Map(), wildcard: undefined }
  const name = fc.stringMatching(/^[ab*\\,/().é]{1,3}$/).filter((text) => text !== '\\*')
  const below = depth === 0 ? fc.constant(leaf) : fc.oneof(fc.constant(leaf), drafts(depth - 1))
  return fc
    .record({
      children: fc.uniqueArray(fc.tuple(name, below), { maxLength: 3, selector: ([key]) => key }),
      any: fc.option(below),
    })
    .map(
      ({ children, any }): SelectorNode => ({
        selected: false,
        children: new Map(any === null ? children : children.filter(([key]) => key !== '*')),
        wildcard: any ?? undefined,
      }),
    )
    .filter(({ children, wildcard }) => children.size > 0 || wildcard !== undefined)
}

test('any tree that can be written is compiled by json-mask to the same paths', () => {
  fc.assert(
    fc.property(drafts(3), (draft) => {
      const paths = selectedPaths(draft)
      const result = parseSelector(paths.join(','))
      expect(result.ok && selectedPaths(result.selector.root).sort()).toEqual(paths.sort())
      expect(jsonMask.compile(jsonMaskText(draft))).not.toBeNull()
    }),
    { numRuns: RUNS },
  )
})
