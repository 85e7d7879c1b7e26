const STAR = '*'
const STAR_BYTE = 0x2a
const OTHER = 0
const DIGIT = 1
const SEPARATOR = 2
/** What a byte is in digits in groups. */
const GROUP_CLASS = new Uint8Array(256)
for (let byte = 0; byte < 128; byte += 1)
  GROUP_CLASS[byte] = isDigitOrStar(byte) ? DIGIT : isSeparator(byte) ? SEPARATOR : OTHER

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
  if (digits >= 0) return keepGroupedBytes(source, start, stop, target, to, digits, count, end)
  const kept = stop - start >= 2 * count ? count : 0
  const from = end === 'first' ? start : stop - kept
  const until = from + kept
  for (let at = from; at < until; at += 1) target[to + at - start] = source[at] as number
  // Both write, whatever the first of them found.
  const before = hideBytes(source, start, from, target, to)
  const behind = hideBytes(source, until, stop, target, to + until - start)
  return before || behind
}

/** Writes a star for each byte; tells whether one of them was none. */
function hideBytes(source: Uint8Array, start: number, stop: number, target: Uint8Array, to: number): boolean {
  let differences = 0
  for (let at = start; at < stop; at += 1) {
    differences |= (source[at] as number) ^ STAR_BYTE
    target[to + at - start] = STAR_BYTE
  }
  return differences !== 0
}

function keepGroupedBytes(
  source: Uint8Array,
  start: number,
  stop: number,
  target: Uint8Array,
  to: number,
  digits: number,
  count: number,
  end: 'first' | 'last',
): boolean {
  const kept = digits >= 2 * count ? count : 0
  const from = end === 'first' ? 0 : digits - kept
  let seen = 0
  let differences = 0
  for (let at = start; at < stop; at += 1) {
    const byte = source[at] as number
    const isDigit = GROUP_CLASS[byte] === DIGIT
    const isHidden = isDigit && (seen < from || seen >= from + kept)
    target[to + at - start] = isHidden ? STAR_BYTE : byte
    if (isHidden) differences |= byte ^ STAR_BYTE
    if (isDigit) seen += 1
  }
  return differences !== 0
}

/** How many digits, stars included, bytes of digits in more than one group have; -1 for any other bytes. */
function groupedDigitBytes(source: Uint8Array, start: number, stop: number): number {
  let separators = 0
  let last = SEPARATOR
  for (let at = start; at < stop; at += 1) {
    const kind = GROUP_CLASS[source[at] as number] as number
    if (kind === OTHER || (kind === SEPARATOR && last === SEPARATOR)) return -1
    if (kind === SEPARATOR) separators += 1
    last = kind
  }
  return separators === 0 || last === SEPARATOR ? -1 : stop - start - separators
}
