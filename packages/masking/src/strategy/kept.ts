const STAR = '*'
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

/** How many digits, stars included, a text of digits in groups has; -1 for any other text. */
function groupedDigits(text: string): number {
  let digits = 0
  let separated = true
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    const isDigit = (unit >= 0x30 && unit <= 0x39) || unit === 0x2a
    if (isDigit) digits += 1
    else if (separated || !isSeparator(unit)) return -1
    separated = !isDigit
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

/** As {@link keepEnd} for a whole number: hidden digits become 0. Gives 0 for what is no safe whole number. */
export function keepDigits(value: number, count: number, end: 'first' | 'last'): number {
  if (!Number.isSafeInteger(value)) return 0
  const digits = String(Math.abs(value))
  if (digits.length < 2 * count) return 0
  const shown = end === 'last' ? digits.slice(-count) : digits.slice(0, count).padEnd(digits.length, '0')
  return Number(shown)
}
