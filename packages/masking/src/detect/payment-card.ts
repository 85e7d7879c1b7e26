import type { Detector, Find } from './find.ts'

const LEAST_DIGITS = 12
const MOST_DIGITS = 19

/** Issuer ranges: first and last prefix, and the lengths that the issuer gives out. */
const ISSUERS: readonly (readonly [first: number, last: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 18, 19]], // Visa
  [51, 55, [16]], // Mastercard
  [2221, 2720, [16]],
  [34, 34, [15]], // American Express
  [37, 37, [15]],
  [6011, 6011, [16, 17, 18, 19]], // Discover
  [644, 659, [16, 17, 18, 19]],
  [62, 62, [16, 17, 18, 19]], // UnionPay
  [81, 82, [16, 17, 18, 19]],
  [300, 305, [14, 15, 16, 17, 18, 19]], // Diners Club
  [3095, 3095, [14, 15, 16, 17, 18, 19]],
  [36, 36, [14, 15, 16, 17, 18, 19]],
  [38, 39, [14, 15, 16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]], // JCB
  [2200, 2204, [16, 17, 18, 19]], // Mir
  [60, 60, [16]], // RuPay
  [508, 508, [16]],
  [9792, 9792, [16]], // Troy
  [50, 50, [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  [56, 58, [12, 13, 14, 15, 16, 17, 18, 19]],
  [63, 63, [12, 13, 14, 15, 16, 17, 18, 19]],
  [67, 67, [12, 13, 14, 15, 16, 17, 18, 19]],
]

/** A digit's value: ASCII and full-width digits. -1 for anything else. */
function digitAt(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30
  return unit >= 0xff10 && unit <= 0xff19 ? unit - 0xff10 : -1
}

const SEPARATORS = new Set([' ', '-', '.', '\u00a0', '\u2009', '\u202f', '\u2010', '\u2011', '\u2013', '\t', '/', '_'])

/** Digits of one run, with their places, and the places where a group of digits begins. */
interface DigitRun {
  readonly digits: readonly number[]
  readonly places: readonly number[]
  readonly starts: readonly boolean[]
}

/** Reads digits with at most one separator between two of them. */
function readRun(text: string, from: number): DigitRun {
  const [digits, places, starts]: [number[], number[], boolean[]] = [[], [], []]
  for (let at = from; at < text.length; ) {
    const separated = at > from && SEPARATORS.has(text.charAt(at)) && digitAt(text, at + 1) >= 0
    if (separated) at += 1
    const digit = digitAt(text, at)
    if (digit < 0) break
    digits.push(digit)
    places.push(at)
    starts.push(at === from || separated)
    at += 1
  }
  return { digits, places, starts }
}

function passesLuhn(digits: readonly number[], from: number, to: number): boolean {
  let sum = 0
  for (let at = to - 1, doubled = false; at >= from; at -= 1, doubled = !doubled) {
    const digit = digits[at] ?? 0
    sum += doubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit
  }
  return sum % 10 === 0
}

function hasIssuer(digits: readonly number[], from: number, to: number): boolean {
  let prefix = 0
  for (let at = from; at < from + 4; at += 1) prefix = prefix * 10 + (digits[at] ?? 0)
  return ISSUERS.some(([first, last, lengths]) => {
    const cut = first < 10 ? 1000 : first < 100 ? 100 : first < 1000 ? 10 : 1
    const leading = Math.floor(prefix / cut)
    return leading >= first && leading <= last && lengths.includes(to - from)
  })
}

/** The end of the longest card number that begins with this digit and ends with a group; -1 if there is none. */
function cardEnd({ digits, starts }: DigitRun, from: number): number {
  for (let to = Math.min(digits.length, from + MOST_DIGITS); to >= from + LEAST_DIGITS; to -= 1) {
    const whole = to === digits.length || starts[to] === true
    if (whole && passesLuhn(digits, from, to) && hasIssuer(digits, from, to)) return to
  }
  return -1
}

function findInRun(run: DigitRun, found: Find[]): void {
  for (let from = 0; from + LEAST_DIGITS <= run.digits.length; from += 1) {
    const to = run.starts[from] === true ? cardEnd(run, from) : -1
    if (to < 0) continue
    found.push({ start: run.places[from] ?? 0, end: (run.places[to - 1] ?? 0) + 1 })
    from = to - 1
  }
}

/** Payment card numbers: 12 to 19 digits, in groups or not, of a known issuer, with a sound check digit. */
export const paymentCard: Detector = {
  inNumbers: true,
  find(text) {
    const found: Find[] = []
    for (let at = 0; at < text.length; at += 1) {
      if (digitAt(text, at) < 0) continue
      const run = readRun(text, at)
      findInRun(run, found)
      at = run.places.at(-1) ?? at
    }
    return found
  },
}
