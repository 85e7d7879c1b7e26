import { type Detector, type Find, NO_FINDS } from './find.ts'

const LENGTH = 11
const SPACE = 0x20
const HYPHEN = 0x2d

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0x30 && unit <= 0x39
}

function digitsIn(text: string, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at += 1) {
    if (!isDigit(text, at)) return -1
    value = value * 10 + text.charCodeAt(at) - 0x30
  }
  return value
}

/** Grammar: `ddd-dd-dddd` or `ddd dd dddd`, never all zeros in a group, no area of 666 or from 900. */
function isNumberAt(text: string, start: number): boolean {
  const separator = text.charCodeAt(start + 3)
  if ((separator !== HYPHEN && separator !== SPACE) || text.charCodeAt(start + 6) !== separator) return false
  if (isDigit(text, start - 1) || isDigit(text, start + LENGTH)) return false
  const area = digitsIn(text, start, start + 3)
  if (area <= 0 || area === 666 || area >= 900) return false
  return digitsIn(text, start + 4, start + 6) > 0 && digitsIn(text, start + 7, start + LENGTH) > 0
}

/** US social security numbers in groups; nine digits in a row are an order number more often than not. */
export const usSsn: Detector = {
  needs: 'digits',
  inNumbers: false,
  find(text) {
    let found: Find[] | undefined
    for (let at = 0; at + LENGTH <= text.length; at += 1) {
      if (!isDigit(text, at) || !isNumberAt(text, at)) continue
      found ??= []
      found.push({ start: at, end: at + LENGTH })
      at += LENGTH - 1
    }
    return found ?? NO_FINDS
  },
}
