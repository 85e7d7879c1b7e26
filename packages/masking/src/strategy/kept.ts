const GROUPED = /^[\d*]+(?:[ -][\d*]+)*$/

/**
 * Hides all but `count` characters at one end behind stars, one for each, so that length and groups stay.
 *
 * What consists of digits in groups keeps its single spaces and hyphens, which count for nothing. Characters are code
 * points: no surrogate pair is cut. Fewer than twice `count`: all are hidden.
 */
export function keepEnd(text: string, count: number, end: 'first' | 'last'): string {
  const grouped = GROUPED.test(text)
  const characters = Array.from(text)
  const isHidable = (character: string): boolean => !grouped || (character !== ' ' && character !== '-')
  const hidable = grouped ? characters.filter(isHidable).length : characters.length
  const kept = hidable >= 2 * count ? count : 0
  const [from, to] = end === 'first' ? [0, kept] : [hidable - kept, hidable]
  let seen = 0
  return characters
    .map((character) => {
      if (!isHidable(character)) return character
      seen += 1
      return seen > from && seen <= to ? character : '*'
    })
    .join('')
}

/** As {@link keepEnd} for a whole number: hidden digits become 0. Gives 0 for what is no safe whole number. */
export function keepDigits(value: number, count: number, end: 'first' | 'last'): number {
  if (!Number.isSafeInteger(value)) return 0
  const digits = String(Math.abs(value))
  if (digits.length < 2 * count) return 0
  const shown = end === 'last' ? digits.slice(-count) : digits.slice(0, count).padEnd(digits.length, '0')
  return Number(shown)
}
