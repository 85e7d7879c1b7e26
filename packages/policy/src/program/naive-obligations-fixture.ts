/*
 * Test-only. What protections ask for, worked out word by word on the policy as written: the oracle's half for masks,
 * approvals and audit. It knows a few selectors only, and nothing of the masking engine.
 */

/** An entry of `mask` as written. */
export interface OracleMask {
  readonly fields?: string
  readonly anywhere?: readonly string[]
  readonly detect?: readonly string[]
  readonly headers?: readonly string[]
  readonly key?: true
  readonly with: unknown
  readonly on?: readonly string[]
}

/** An entry of `topics` as written. */
export interface OracleTopic {
  readonly id?: string
  readonly match: readonly string[]
  readonly labels?: readonly string[]
  readonly format?: string
  readonly 'on-unreadable'?: string
  readonly mask?: readonly OracleMask[]
  readonly approval?: { readonly on?: readonly string[] }
  readonly audit?: string
}

/** What is left to do: each thing that is masked, with the strategy that is left; approvals by their ids. */
export interface OracleObligations {
  readonly mask:
    | {
        readonly format: string
        readonly onUnreadable: string
        readonly words: Readonly<Record<string, string>>
        /** What is shown at all; absent where everything is. */
        readonly only?: readonly string[]
      }
    | undefined
  readonly audit: string
  readonly approvals: readonly string[]
}

/** The selectors that the oracle knows, with their paths. */
export const oracleSelectors: Readonly<Record<string, readonly string[]>> = {
  a: ['a'],
  'b/c': ['b/c'],
  'b(c,d)': ['b/c', 'b/d'],
  'b/c,a': ['a', 'b/c'],
  'a,b/c': ['a', 'b/c'],
}

/** The items of `only` that the oracle knows, with what each keeps. */
export const oracleKept: Readonly<Record<string, readonly string[]>> = {
  a: ['a'],
  'a/x': ['a/x'],
  'b(c,d)': ['b/c', 'b/d'],
  'b/c,\\key': ['b/c', '\\key'],
  '*/c': ['*/c'],
  'header:H1': ['header:h1'],
  'header:h2': ['header:h2'],
  key: ['key'],
}

/** What several rules show together: nothing is left out where one has no list. */
export function keptBy(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  if (lists.some((list) => list === undefined)) return undefined
  const words = new Set(lists.flatMap((list) => (list ?? []).flatMap((item) => oracleKept[item] ?? ['unknown'])))
  return [...words].filter((word) => ![...words].some((other) => other !== word && isKeptBy(word, other))).sort()
}

/** What is kept is kept with all below it, and `*` is any name. */
function isKeptBy(word: string, other: string): boolean {
  if (/^key$|^header:/.test(word) || /^key$|^header:/.test(other)) return false
  const names = word.split('/')
  return other.split('/').every((name, index) => index < names.length && (name === '*' || name === names[index]))
}

/** The strategies that the oracle knows, the strongest first. */
export const oracleStrategies: readonly unknown[] = [
  ...['remove', null, 'default'],
  ...[{ constant: 'x' }, { token: 't' }, 'email', 'first-2', 'last-4'],
]

/** What the protections of a topic ask for when some rules grant it. */
export function oblige(
  entries: readonly OracleTopic[],
  direction: 'consume' | 'produce',
  lifted: readonly string[],
  withoutApproval: boolean,
  only?: readonly string[],
): OracleObligations | undefined {
  const words = maskedWords(entries, direction, lifted)
  const isMasked = Object.keys(words).length > 0
  const formats = new Set(entries.flatMap(({ format }) => format ?? []))
  const sayings = entries.flatMap((entry) => entry['on-unreadable'] ?? (entry.mask === undefined ? [] : 'withhold'))
  const isAsked = ({ approval }: OracleTopic): boolean =>
    approval !== undefined && (approval.on ?? ['consume', 'produce']).includes(direction)
  const approvals = withoutApproval ? [] : entries.filter(isAsked).map(({ id }) => id ?? '')
  const audit = entries.some((entry) => entry.audit === 'required') ? 'required' : 'standard'
  const isShownInPart = only !== undefined
  if (!isMasked && !isShownInPart && approvals.length === 0 && audit === 'standard') return undefined
  const format = formats.size === 1 ? [...formats].join() : 'opaque'
  const onUnreadable = sayings.length === 0 || sayings.includes('withhold') ? 'withhold' : 'placeholder'
  const mask = { format, onUnreadable, words, ...(isShownInPart ? { only } : {}) }
  return { mask: isMasked || isShownInPart ? mask : undefined, audit, approvals: approvals.sort() }
}

function maskedWords(
  entries: readonly OracleTopic[],
  direction: string,
  lifted: readonly string[],
): Record<string, string> {
  const words: Record<string, string> = {}
  for (const { mask = [] } of entries) {
    for (const { on = ['consume'], with: strategy, ...target } of mask) {
      if (on.includes(direction)) mergeWords(words, wordsOf(target), strategy)
    }
  }
  return withoutLifted(words, lifted)
}

/** The things that a mask names, each with the mark of its kind. */
export function wordsOf(mask: Omit<OracleMask, 'with' | 'on'>): string[] {
  return [
    ...(mask.fields === undefined ? [] : (oracleSelectors[mask.fields] ?? ['unknown'])),
    ...(mask.anywhere ?? []).map((name) => `anywhere:${name}`),
    ...(mask.detect ?? []).map((name) => `detect:${name}`),
    ...(mask.headers ?? []).map((name) => `header:${name}`),
    ...(mask.key === true ? ['key'] : []),
  ]
}

/** Adds things with a strategy; of two strategies of one thing the stronger stays. */
export function mergeWords(into: Record<string, string>, words: readonly string[], strategy: unknown): void {
  const ranked = oracleStrategies.map((each) => JSON.stringify(each))
  const rank = (text: string | undefined): number =>
    text === undefined ? Number.POSITIVE_INFINITY : ranked.indexOf(text)
  const written = JSON.stringify(strategy)
  for (const word of words) if (rank(written) < rank(into[word])) into[word] = written
}

/** A path that is shown is shown with all below it. */
export function withoutLifted(
  words: Readonly<Record<string, string>>,
  lifted: readonly string[],
): Record<string, string> {
  const isLifted = (word: string): boolean => lifted.some((item) => word === item || word.startsWith(`${item}/`))
  return Object.fromEntries(Object.entries(words).filter(([word]) => !isLifted(word)))
}
