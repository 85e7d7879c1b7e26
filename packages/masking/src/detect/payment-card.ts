import { type Detector, type Find, NO_FINDS } from './find.ts'

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

/** By the first four digits the lengths that an issuer gives out, a bit for each from {@link LEAST_DIGITS} on. */
const LENGTHS = new Uint8Array(10_000)
for (const [first, last, lengths] of ISSUERS) {
  const bits = lengths.reduce((sum, length) => sum | (1 << (length - LEAST_DIGITS)), 0)
  const scale = 10 ** (4 - String(first).length)
  for (let prefix = first * scale; prefix < (last + 1) * scale; prefix += 1)
    LENGTHS[prefix] = (LENGTHS[prefix] ?? 0) | bits
}

/** A digit's value: ASCII and full-width digits. -1 for anything else. */
function digitAt(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30
  return unit >= 0xff10 && unit <= 0xff19 ? unit - 0xff10 : -1
}

const SEPARATORS: ReadonlySet<number> = new Set(
  [' ', '-', '.', '\u00a0', '\u2009', '\u202f', '\u2010', '\u2011', '\u2013', '\t', '/', '_'].map((separator) =>
    separator.charCodeAt(0),
  ),
)

/** Where the next digit of a run stands: at `at`, or behind one separator there; -1 if the run ends. */
function nextDigit(text: string, at: number): number {
  if (digitAt(text, at) >= 0) return at
  return digitAt(text, at + 1) >= 0 && SEPARATORS.has(text.charCodeAt(at)) ? at + 1 : -1
}

/** The digits of one run. */
interface DigitRun {
  readonly text: string
  /** Where they stand. */
  readonly places: readonly number[]
}

function readRun(text: string, from: number, digits: number): DigitRun {
  const places = new Array<number>(digits)
  for (let [at, digit] = [from, 0]; at >= 0; at = nextDigit(text, at + 1)) {
    places[digit] = at
    digit += 1
  }
  return { text, places }
}

function digitOf({ text, places }: DigitRun, digit: number): number {
  return digitAt(text, places[digit] as number)
}

/** Whether a group begins with this digit, or the run ended before it. */
function isGroupStart({ places }: DigitRun, digit: number): boolean {
  return digit === 0 || digit === places.length || (places[digit] as number) > (places[digit - 1] as number) + 1
}

function passesLuhn(run: DigitRun, from: number, to: number): boolean {
  let sum = 0
  for (let at = to - 1, doubled = false; at >= from; at -= 1, doubled = !doubled) {
    const digit = digitOf(run, at)
    sum += doubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit
  }
  return sum % 10 === 0
}

function hasIssuer(run: DigitRun, from: number, to: number): boolean {
  let prefix = 0
  for (let at = from; at < from + 4; at += 1) prefix = prefix * 10 + digitOf(run, at)
  return ((LENGTHS[prefix] as number) & (1 << (to - from - LEAST_DIGITS))) !== 0
}

/** The end of the longest card number that begins with this digit and ends with a group; -1 if there is none. */
function cardEnd(run: DigitRun, from: number): number {
  for (let to = Math.min(run.places.length, from + MOST_DIGITS); to >= from + LEAST_DIGITS; to -= 1)
    if (isGroupStart(run, to) && hasIssuer(run, from, to) && passesLuhn(run, from, to)) return to
  return -1
}

function findInRun(run: DigitRun, found: Find[]): void {
  const { places } = run
  for (let from = 0; from + LEAST_DIGITS <= places.length; from += 1) {
    const to = isGroupStart(run, from) ? cardEnd(run, from) : -1
    if (to < 0) continue
    found.push({ start: places[from] as number, end: (places[to - 1] as number) + 1 })
    from = to - 1
  }
}

/** Payment card numbers: 12 to 19 digits, in groups or not, of a known issuer, with a sound check digit. */
export const paymentCard: Detector = {
  needs: 'digits',
  inNumbers: true,
  find(text) {
    let found: Find[] | undefined
    for (let at = 0; at < text.length; at += 1) {
      if (digitAt(text, at) < 0) continue
      // Most runs are too short: nothing is built for those.
      let [last, digits] = [at, 0]
      for (let next = at; next >= 0; next = nextDigit(text, next + 1)) {
        last = next
        digits += 1
      }
      if (digits >= LEAST_DIGITS) {
        found ??= []
        findInRun(readRun(text, at, digits), found)
      }
      at = last
    }
    return found ?? NO_FINDS
  },
}
