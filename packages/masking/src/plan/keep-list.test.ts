import fc from 'fast-check'
import jsonMask from 'json-mask'
import { expect, test } from 'vitest'
import { maskJsonBytes } from '../json/mask-json-bytes.ts'
import { maskJsonValue } from '../object/mask-json-value.ts'
import { parseSelector } from '../selector/parse-selector.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { compilePlan, type MaskPlan } from './compile-plan.ts'
import type { MaskRule, Unmask } from './rule.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 1_000)

type Path = readonly string[]
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const names = ['a', 'b', 'c', 'n.m', 'é', 'x y', 'length', 'constructor']
const path = fc.array(fc.constantFrom(...names, '*'), { minLength: 1, maxLength: 4 })
const list: fc.Arbitrary<readonly Path[]> = fc.array(path, { maxLength: 5 })
const selectorOf = (steps: Path): string => steps.map((name) => name.replaceAll('.', '\\.')).join('/')

const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.string({ unit: 'grapheme', maxLength: 5 }))
const document = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names, 'z', '__proto__'), tie('node'), { maxKeys: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node'), { minKeys: 1, maxKeys: 3 }),
  ),
})).node

const stepInto = (paths: readonly Path[], key: string): Path[] =>
  paths.filter(([first]) => first === key || first === '*').map(([, ...rest]) => rest)

/** The list's meaning, written from the documentation alone; `undefined`: not kept. */
function keptOf(value: Json, paths: readonly Path[]): Json | undefined {
  if (value === null || paths.some(({ length }) => length === 0)) return value
  if (Array.isArray(value)) return value.map((element: Json) => keptOf(element, paths) ?? null)
  if (typeof value !== 'object') return undefined
  const kept = Object.entries(value).flatMap(([key, member]): [string, Json][] => {
    const below = stepInto(paths, key)
    const shown = below.length === 0 ? undefined : keptOf(member, below)
    return shown === undefined ? [] : [[key, shown]]
  })
  return Object.fromEntries(kept)
}

function shownInBytes(plan: MaskPlan, text: string): Json {
  const result = maskJsonBytes(plan, Buffer.from(text))
  expect(result.status).not.toBe('withheld')
  return JSON.parse(result.status === 'masked' ? result.bytes.toString() : text) as Json
}

function shownInObject(plan: MaskPlan, value: unknown): unknown {
  const result = maskJsonValue(plan, value)
  expect(result.status).not.toBe('withheld')
  return result.status === 'masked' ? result.value : value
}

test('bytes and objects keep what the list names, and nothing else', () => {
  fc.assert(
    fc.property(document, list, fc.constantFrom(0, 1), (value, paths, space) => {
      const plan = compilePlan([], { only: paths.map(selectorOf) })
      const text = JSON.stringify(value, null, space)
      const want = keptOf(JSON.parse(text), paths) ?? null
      expect(shownInBytes(plan, text)).toEqual(want)
      expect(shownInObject(plan, JSON.parse(text))).toEqual(want)
    }),
    { numRuns: RUNS },
  )
})

const strategy: fc.Arbitrary<MaskStrategy> = fc.oneof(
  fc.constantFrom<MaskStrategy>({ type: 'remove' }, { type: 'null' }, { type: 'default' }, { type: 'email' }),
  fc.record({ type: fc.constantFrom('keep-first', 'keep-last'), count: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ type: fc.constant('constant'), value: fc.oneof(fc.constant('X'), fc.integer(), fc.boolean()) }),
)
const rule: fc.Arbitrary<MaskRule> = fc.oneof(
  fc.record({ fields: path.map(selectorOf), with: strategy }),
  fc.record({ anywhere: fc.subarray(['a', 'b', 'N.M', 'É'], { minLength: 1 }), with: strategy }),
  fc.record({ detect: fc.constant(['email', 'us-ssn'] as const), with: strategy }),
)
const unmask: fc.Arbitrary<Unmask> = fc.record({ fields: fc.array(path.map(selectorOf), { maxLength: 2 }) })

test('rules mean for what is kept what they mean for a record that holds no more', () => {
  fc.assert(
    fc.property(document, list, fc.array(rule, { maxLength: 4 }), unmask, (value, paths, rules, lifted) => {
      const only = paths.map(selectorOf)
      const plan = compilePlan(rules, { only, unmask: lifted })
      const text = JSON.stringify(value)
      const kept = shownInObject(compilePlan([], { only }), JSON.parse(text))
      const want = shownInObject(compilePlan(rules, { unmask: lifted }), kept)
      expect(shownInObject(plan, JSON.parse(text))).toEqual(want)
      expect(shownInBytes(plan, text)).toEqual(want)
    }),
    { numRuns: RUNS },
  )
})

// Every text of a document says where it stands. Arrays and their places are no part of that.
function tagged(value: Json, at: Path): Json {
  if (Array.isArray(value)) return value.map((element: Json) => tagged(element, at))
  if (typeof value !== 'object' || value === null) return `<${JSON.stringify(at)}>`
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, tagged(member, [...at, key])]))
}

test('no text from outside of the list survives, whatever rules and exemptions come with it', () => {
  const isKept = (at: Path, paths: readonly Path[]): boolean =>
    paths.some((steps) => steps.length <= at.length && steps.every((name, n) => name === '*' || name === at[n]))
  const textsOf = (value: unknown): string[] => {
    if (typeof value === 'string') return [value]
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
  }
  fc.assert(
    fc.property(document, list, fc.array(rule, { maxLength: 3 }), unmask, (value, paths, rules, lifted) => {
      const plan = compilePlan(rules, { only: paths.map(selectorOf), unmask: lifted })
      const shown = textsOf(shownInBytes(plan, JSON.stringify(tagged(value, []))))
      for (const text of shown.filter((each) => /^<\[.*\]>$/.test(each)))
        expect([text, isKept(JSON.parse(text.slice(1, -1)) as Path, paths)]).toEqual([text, true])
    }),
    { numRuns: RUNS },
  )
})

/** Documents that have members where the list expects some; there json-mask's own filter says the same. */
function agreeing(paths: readonly Path[]): fc.Arbitrary<Json> {
  if (paths.length === 0 || paths.some(({ length }) => length === 0)) return document
  const keys = [...new Set([...paths.flatMap(([first = '']) => (first === '*' ? ['a', 'z'] : [first])), 'other'])]
  const members = keys.map((key): [string, fc.Arbitrary<Json>] => [key, fc.oneof(agreeing(stepInto(paths, key)))])
  const object = fc.record(Object.fromEntries(members), { requiredKeys: [] }) as fc.Arbitrary<Json>
  return fc.oneof(object, fc.array(fc.oneof(object, fc.constant(null)), { maxLength: 3 }), fc.constant(null))
}

// Names beside a wildcard, and what is named whole and in part, mean other things there.
const isPlain = (paths: readonly Path[]): boolean => {
  if (paths.length <= 1) return true
  const firsts = new Set(paths.map(([first]) => first))
  const isMixed = paths.some(({ length }) => length === 0) || (firsts.has('*') && firsts.size > 1)
  return !isMixed && [...firsts].every((first = '') => isPlain(stepInto(paths, first)))
}

test('where a record has the shape that the list expects, json-mask keeps the same', () => {
  // It takes inherited members, such as `constructor`, and the length of an array for the record's own.
  const own = path.filter((steps) => !steps.includes('constructor') && !steps.includes('length'))
  const plain = fc.uniqueArray(own, { minLength: 1, maxLength: 4, selector: (steps) => selectorOf(steps) })
  const pair = plain.filter(isPlain).chain((paths) => fc.tuple(fc.constant(paths), agreeing(paths)))
  fc.assert(
    fc.property(pair, ([paths, value]) => {
      const text = JSON.stringify(value)
      fc.pre(!text.includes('"__proto__"'))
      const parsed = parseSelector(paths.map(selectorOf).join(','))
      const compiled = jsonMask.compile(parsed.ok ? parsed.selector.canonical.replaceAll('\\.', '.') : '')
      expect(compiled).not.toBe(null)
      const want = jsonMask.filter(JSON.parse(text), compiled)
      expect(shownInBytes(compilePlan([], { only: paths.map(selectorOf) }), text)).toEqual(want)
    }),
    { numRuns: RUNS },
  )
})

/** A JSON text as it is written: members in order, each as often as it comes. */
type Written =
  | { readonly raw: string }
  | { readonly items: readonly Written[] }
  | { readonly members: readonly (readonly [key: string, value: Written])[] }

const rawScalar = fc.constantFrom('1.0', '-0', '1E+2', '12345678901234567890', '"\\u0041\\/é"', '"😀"', 'true', 'null')
const rawKey = fc.constantFrom('"a"', '"b"', '"\\u0061"', '"c"', '"\\u00e9"', '"é"', '"2"', '"1"')
const written = fc.letrec<{ node: Written }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    rawScalar.map((raw) => ({ raw })),
    fc.array(tie('node'), { maxLength: 3 }).map((items) => ({ items })),
    fc.array(fc.tuple(rawKey, tie('node')), { maxLength: 5 }).map((members) => ({ members })),
  ),
})).node

function write(node: Written, gap: string): string {
  if ('raw' in node) return node.raw
  const parts =
    'items' in node
      ? node.items.map((item) => write(item, gap))
      : node.members.map(([key, value]) => `${key}${gap}:${gap}${write(value, gap)}`)
  const [open, close] = 'items' in node ? ['[', ']'] : ['{', '}']
  return `${open}${gap}${parts.join(`${gap},${gap}`)}${gap}${close}`
}

function keptAsWritten(node: Written, paths: readonly Path[]): Written | undefined {
  if (paths.some(({ length }) => length === 0)) return node
  if ('raw' in node) return node.raw === 'null' ? node : undefined
  if ('items' in node) return { items: node.items.map((item) => keptAsWritten(item, paths) ?? { raw: 'null' }) }
  const members = node.members.flatMap(([key, value]): [string, Written][] => {
    const below = stepInto(paths, JSON.parse(key) as string)
    const kept = below.length === 0 ? undefined : keptAsWritten(value, below)
    return kept === undefined ? [] : [[key, kept]]
  })
  return { members }
}

test('each byte that is kept stays as it was, in its order and as often as it came', () => {
  const gap = fc.constantFrom('', ' ', '\n\t')
  fc.assert(
    fc.property(written, list, gap, (node, paths, space) => {
      const bytes = Buffer.from(write(node, space))
      const before = Buffer.from(bytes)
      const plan = compilePlan([], { only: paths.map(selectorOf) })
      const result = maskJsonBytes(plan, bytes)
      expect(result.status).not.toBe('withheld')
      const shown = result.status === 'masked' ? result.bytes.toString() : bytes.toString()
      const want = write(keptAsWritten(node, paths) ?? { raw: 'null' }, space)
      // An object of which nothing is left has lost its members, and not the space around them.
      const trim = (text: string): string => text.replaceAll(/\{\s+\}/g, '{}').replaceAll(/\[\s+\]/g, '[]')
      expect(trim(shown)).toBe(trim(want))
      expect(bytes.equals(before)).toBe(true)
      const again = maskJsonBytes(plan, Buffer.from(shown))
      expect(again.status).toBe('unchanged')
    }),
    { numRuns: RUNS },
  )
})
