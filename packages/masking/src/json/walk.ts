import { foldKey } from '../plan/fold-key.ts'
import { EMPTY_STATE, type State, strongerAction } from '../plan/state.ts'
import type { Action } from '../strategy/action.ts'
import { decodePlain, decodeString } from './decode.ts'
import { keyMissing, notJson, tooDeep } from './failure.ts'
import { maskFreeNumber, maskFreeText } from './free-text.ts'
import { Output } from './output.ts'
import { padText } from './padded.ts'
import { type Page, removeMember, replaceValue } from './replace.ts'
import { scanText, skipQuietKey, WATCH_DIGITS } from './scan-text.ts'
import { skipColon, skipKey, skipNumber, skipScalar, skipSpace, skipValue } from './skip.ts'
import { memberAction, stateBelow, walkPaths } from './walk-paths.ts'
import type { Work } from './work.ts'

/** Masks one JSON text, white space around it allowed; gives the index behind it, or a failure. */
export function walkDocument(page: Page, start: number): number {
  const { bytes, work } = page
  const state = page.level === 0 ? work.plan.root : EMPTY_STATE
  const { everywhere, maxDepth } = work.plan
  const at = skipSpace(bytes, start)
  const end = everywhere ? walkValue(page, at, state, maxDepth) : walkPaths(page, at, state, maxDepth)
  if (end < 0) return end
  const rest = skipSpace(bytes, end)
  return rest === page.end ? rest : notJson(rest)
}

/** Masks a text inside a text. */
export function maskNestedText(work: Work, text: string, level: number): string | number {
  const before = work.counts.slice()
  const { bytes, end } = padText(text)
  const output = new Output(end)
  const walked = walkDocument({ work, bytes, end, output, level }, 0)
  if (walked >= 0) return output.isChanged ? output.finish(bytes, end).toString('utf8') : text
  // What was counted in a text that cannot be read to its end is not shown.
  for (let target = 0; target < before.length; target += 1) work.counts[target] = before[target] as number
  return walked
}

function walkValue(page: Page, at: number, state: State, depth: number): number {
  if (state.lifted) return state.passes ? skipValue(page.bytes, at, depth) : walkPaths(page, at, state, depth)
  const byte = page.bytes[at]
  if (byte === 0x7b) return depth === 0 ? tooDeep(at) : walkObject(page, at + 1, state, depth - 1)
  if (byte === 0x5b) return depth === 0 ? tooDeep(at) : walkArray(page, at + 1, state, depth - 1)
  return state.drift === undefined ? walkScalar(page, at) : replaceValue(page, at, state.drift, depth)
}

// Arrays are transparent: an element stands where its array stands.
function walkArray(page: Page, at: number, state: State, depth: number): number {
  const { bytes } = page
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x5d) return at + 1
  for (;;) {
    at = walkValue(page, at, state, depth)
    if (at < 0) return at
    at = skipSpace(bytes, at)
    if (bytes[at] === 0x5d) return at + 1
    if (bytes[at] !== 0x2c) return notJson(at)
    at = skipSpace(bytes, at + 1)
  }
}

/** Masks an object from behind its brace. */
function walkObject(page: Page, at: number, state: State, depth: number): number {
  const { bytes } = page
  let keptEnd = -1
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x7d) return at + 1
  for (;;) {
    const start = at
    if (bytes[at] !== 0x22) return notJson(at)
    const quiet = skipQuietKey(bytes, at + 1)
    const key = quiet > 0 ? quiet << 1 : skipKey(bytes, at + 1)
    if (key < 0) return key
    const below = stateBelow(state, bytes, start, key)
    at = skipColon(bytes, key >> 1)
    if (at < 0) return at
    const own = memberAction(below, bytes[at] as number)
    const action = below.lifted || own?.removes === true ? own : actionAnywhere(page, start, key, below)
    const removes = action?.removes === true
    if (quiet === 0 && !removes && !below.lifted && !walkKey(page, start)) return keyMissing(start)
    if (action === undefined) at = walkValue(page, at, below, depth)
    else at = removes ? skipValue(bytes, at, depth) : replaceValue(page, at, action, depth)
    if (at < 0) return at
    const end = at
    at = skipSpace(bytes, at)
    const byte = bytes[at]
    if (byte !== 0x2c && byte !== 0x7d) return notJson(at)
    const next = byte === 0x2c ? skipSpace(bytes, at + 1) : at
    keptEnd = removes ? removeMember(page, { start, end, next, keptEnd }, action) : end
    if (byte === 0x7d) return at + 1
    at = next
  }
}

function actionAnywhere({ bytes, work }: Page, start: number, key: number, below: State): Action | undefined {
  const { plan } = work
  if (plan.anywhere.size === 0) return below.action
  const anywhere = below.isPart ? plan.anywhereOnMembers : plan.anywhere
  const found =
    (key & 1) === 0
      ? anywhere.findFolded(bytes, start + 1, (key >> 1) - 1)
      : anywhere.get(foldKey(decodeString(bytes, start, key >> 1)))
  return found === undefined ? below.action : strongerAction(below.action, found)
}

/** Masks what detectors find in a key; false when a token's key is missing. */
function walkKey(page: Page, start: number): boolean {
  return page.work.plan.detectors.length === 0 || walkText(page, start, '') >= 0
}

function walkScalar(page: Page, at: number): number {
  const byte = page.bytes[at] as number
  if (byte === 0x22) return walkText(page, at, null)
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? walkNumber(page, at) : skipScalar(page.bytes, at)
}

function walkText(page: Page, at: number, insteadOfNull: string | null): number {
  const { bytes, output, work, level } = page
  const scanned = scanText(bytes, at + 1, work.plan.watched)
  if (scanned < 0) return scanned
  const end = scanned >> 1
  if ((scanned & 1) === 0) return end
  const text = decodeString(bytes, at, end)
  const shown = maskFreeText(work, text, level, maskNestedText)
  if (shown === undefined) return keyMissing(at)
  if (shown !== text) output.replaceText(bytes, at, end, JSON.stringify(shown ?? insteadOfNull))
  return end
}

function walkNumber(page: Page, at: number): number {
  const { bytes, output, work } = page
  const end = skipNumber(bytes, at)
  // Shorter numbers are no card numbers, unless they are written with an exponent.
  if (end < 0 || (work.plan.watched & WATCH_DIGITS) === 0 || (end - at < 12 && !hasExponent(bytes, at, end))) return end
  const text = decodePlain(bytes, at, end)
  const value = Number(text)
  const shown = maskFreeNumber(work, value, text)
  if (shown === undefined) return keyMissing(at)
  if (!Object.is(shown, value)) output.replaceText(bytes, at, end, JSON.stringify(shown))
  return end
}

function hasExponent(bytes: Uint8Array, at: number, end: number): boolean {
  for (; at < end; at += 1) if (((bytes[at] as number) | 0x20) === 0x65) return true
  return false
}
