const STAR = '*'
const STAR_BYTE = 0x2a
const HIGH_SURROGATE = /[\ud800-\udbff]/

/**
 * Hides all but `count` characters at one end behind stars, one for each, so that length and groups stay.
 *
 * What consists of digits in groups keeps its single spaces and hyphens, which count for nothing. Characters are code
 * points: no surrogate pair is cut. Fewer than twice `count`: all are hidden.
 */
export function keepEnd(text: string, count: number, end: 'first' | 'last'): string {
  const digits = groupedDigits(text)
  if (digits >= 0 && digits < text.length) return keepInGroups(text, digits, count, end)
  const characters = HIGH_SURROGATE.test(text) ? Array.from(text) : text
  const hidden = characters.length >= 2 * count ? characters.length - count : characters.length
  const kept = end === 'first' ? characters.slice(0, characters.length - hidden) : characters.slice(hidden)
  const shown = typeof kept === 'string' ? kept : kept.join('')
  return end === 'first' ? shown + STAR.repeat(hidden) : STAR.repeat(hidden) + shown
}

function isSeparator(unit: number): boolean {
  return unit === 0x20 || unit === 0x2d
}

function isDigitOrStar(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2a
}

/** How many digits, stars included, a text of digits in groups has; -1 for any other text. */
function groupedDigits(text: string): number {
  let digits = 0
  let separated = true
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (isDigitOrStar(unit)) digits += 1
    else if (separated || !isSeparator(unit)) return -1
    separated = !isDigitOrStar(unit)
  }
  return separated ? -1 : digits
}

function keepInGroups(text: string, digits: number, count: number, end: 'first' | 'last'): string {
  const kept = digits >= 2 * count ? count : 0
  const [from, to] = end === 'first' ? [0, kept] : [digits - kept, digits]
  let [shown, seen] = ['', 0]
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    const isKept = isSeparator(text.charCodeAt(at)) || (seen >= from && seen < to)
    shown += isKept ? character : STAR
    if (!isSeparator(text.charCodeAt(at))) seen += 1
  }
  return shown
}

/** As {@link keepEnd}, for ASCII bytes; writes to `to` of the target, and gives false if nothing came out differently. */
export function keepPlain(
  source: Uint8Array,
  start: number,
  stop: number,
  target: Uint8Array,
  to: number,
  count: number,
  end: 'first' | 'last',
): boolean {
  const digits = groupedDigitBytes(source, start, stop)
  const hidable = digits < 0 ? stop - start : digits
  const kept = hidable >= 2 * count ? count : 0
  const from = end === 'first' ? 0 : hidable - kept
  return digits < 0
    ? keepBytes(source, start, stop, target, to, start + from, start + from + kept)
    : keepGroupedBytes(source, start, stop, target, to, from, from + kept)
}

function keepBytes(
  source: Uint8Array,
  start: number,
  stop: number,
  target: Uint8Array,
  to: number,
  keptFrom: number,
  keptTo: number,
): boolean {
  let changed = false
  for (let at = start; at < stop; at += 1) {
    const byte = source[at] as number
    const isKept = at >= keptFrom && at < keptTo
    target[to + at - start] = isKept ? byte : STAR_BYTE
    if (!isKept && byte !== STAR_BYTE) changed = true
  }
  return changed
}

function keepGroupedBytes(
  source: Uint8Array,
  start: number,
  stop: number,
  target: Uint8Array,
  to: number,
  keptFrom: number,
  keptTo: number,
): boolean {
  let [seen, changed] = [0, false]
  for (let at = start; at < stop; at += 1) {
    const byte = source[at] as number
    const isKept = isSeparator(byte) || (seen >= keptFrom && seen < keptTo)
    target[to + at - start] = isKept ? byte : STAR_BYTE
    if (!isKept && byte !== STAR_BYTE) changed = true
    if (!isSeparator(byte)) seen += 1
  }
  return changed
}

function groupedDigitBytes(source: Uint8Array, start: number, stop: number): number {
  let digits = 0
  let separated = true
  for (let at = start; at < stop; at += 1) {
    const byte = source[at] as number
    if (isDigitOrStar(byte)) digits += 1
    else if (separated || !isSeparator(byte)) return -1
    separated = !isDigitOrStar(byte)
  }
  return separated ? -1 : digits
}
