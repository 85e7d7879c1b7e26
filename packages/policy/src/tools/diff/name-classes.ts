import { MAX_NAME_LENGTH } from '../../operation.ts'
import { PolicyTooIntricateError } from '../errors.ts'

/** Names that the same selectors match: nothing a policy says can tell them apart. */
export interface NameClass {
  /** One of them, as short as any. */
  readonly name: string
  /** The selectors that match them. */
  readonly matches: readonly string[]
}

/** Where in a pattern one can be after reading some text: positions, ascending; the pattern's length is its end. */
interface Track {
  readonly pattern: number
  readonly positions: readonly number[]
}

interface State {
  readonly text: string
  readonly tracks: readonly Track[]
}

const MAX_STATES = 100_000
const MAX_TOPIC_LENGTH = 249
const PLAIN = 'xyzabcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.'
const TOPIC_CHARACTERS: ReadonlySet<string> = new Set(PLAIN)

/**
 * Every class of names that selectors tell apart, each with its shortest member.
 *
 * All selectors are read side by side, character by character, as one automaton whose states are visited once. At a state only
 * characters that some selector waits for differ from each other; any one that none waits for stands for all the rest.
 *
 * @param isTopic only names that a topic can have
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function nameClasses(selectors: readonly string[], isTopic: boolean): readonly NameClass[] {
  // No topic can have these names; as selectors of their own they stand for no other name.
  const patterns = isTopic ? [...new Set([...selectors, '.', '..'])] : [...new Set(selectors)]
  const start: State = { text: '', tracks: patterns.map((text, pattern) => enter(text, pattern, [0])) }
  // The start has no name yet: a state like it that one comes back to, as with `*` alone, has one.
  const seen = new Set<string>()
  const classes = new Map<string, NameClass>()
  for (let level: State[] = [start], length = 0; level.length > 0; length += 1) {
    for (const { text, tracks } of level) {
      if (text !== '' && !(isTopic && (text === '.' || text === '..'))) keep(text, tracks, patterns, classes)
    }
    if (length >= (isTopic ? MAX_TOPIC_LENGTH : MAX_NAME_LENGTH)) break
    level = level.flatMap((state) => nextOf(state, patterns, isTopic, seen))
    if (seen.size > MAX_STATES) throw new PolicyTooIntricateError('kinds of names', MAX_STATES)
  }
  return [...classes.values()]
}

function keep(
  text: string,
  tracks: readonly Track[],
  patterns: readonly string[],
  classes: Map<string, NameClass>,
): void {
  const accepting = tracks.filter(({ pattern, positions }) => positions.at(-1) === (patterns[pattern] ?? '').length)
  const key = accepting.map(({ pattern }) => pattern).join()
  if (classes.has(key)) return
  classes.set(key, { name: text, matches: accepting.map(({ pattern }) => patterns[pattern] ?? '') })
}

function nextOf(state: State, patterns: readonly string[], isTopic: boolean, seen: Set<string>): State[] {
  return charactersAt(state, patterns, isTopic).flatMap((character) => {
    const tracks = state.tracks.flatMap((track) => step(track, patterns[track.pattern] ?? '', character))
    const key = keyOf(tracks)
    if (seen.has(key)) return []
    seen.add(key)
    return [{ text: state.text + character, tracks }]
  })
}

/** One character that no selector waits for, and each that one waits for. */
function charactersAt({ tracks }: State, patterns: readonly string[], isTopic: boolean): string[] {
  const awaited = new Set<string>()
  for (const { pattern, positions } of tracks) {
    for (const position of positions) {
      const character = (patterns[pattern] ?? '')[position]
      if (character === undefined || character === '*') continue
      if (!isTopic || TOPIC_CHARACTERS.has(character)) awaited.add(character)
    }
  }
  const other = [...PLAIN].find((character) => !awaited.has(character)) ?? (isTopic ? undefined : unawaited(awaited))
  return [...(other === undefined ? [] : [other]), ...awaited]
}

function unawaited(awaited: ReadonlySet<string>): string {
  let code = 0x4e00
  while (awaited.has(String.fromCharCode(code))) code += 1
  return String.fromCharCode(code)
}

function step({ pattern, positions }: Track, text: string, character: string): Track[] {
  const reached = positions.flatMap((position) => {
    if (text[position] === '*') return [position]
    return text[position] === character ? [position + 1] : []
  })
  return reached.length === 0 ? [] : [enter(text, pattern, reached)]
}

/** Adds what a star lets through for nothing. INVARIANT: whatever an earlier star could still take, the latest can. */
function enter(text: string, pattern: number, reached: readonly number[]): Track {
  const positions = new Set(reached)
  for (const position of reached) if (text[position] === '*') positions.add(position + 1)
  const sorted = [...positions].sort((a, b) => a - b)
  const latestStar = sorted.findLastIndex((position) => text[position] === '*')
  return { pattern, positions: latestStar < 0 ? sorted : sorted.slice(latestStar) }
}

function keyOf(tracks: readonly Track[]): string {
  return tracks.map(({ pattern, positions }) => `${pattern}:${positions.join()}`).join(' ')
}
