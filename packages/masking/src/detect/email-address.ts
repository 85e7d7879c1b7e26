import { type Detector, type Find, NO_FINDS } from './find.ts'

const MOST_LOCAL = 64
const MOST_DOMAIN = 253
const NOT_LOCAL = new Set([...'\t\n\r ()<>,;:@[]"\\'].map((character) => character.charCodeAt(0)))
const DOMAIN = /[\p{L}\p{N}.-]/u
/** The same for ASCII. */
const PLAIN_DOMAIN = new Uint8Array(128)
for (let unit = 0; unit < 128; unit += 1) PLAIN_DOMAIN[unit] = DOMAIN.test(String.fromCharCode(unit)) ? 1 : 0

function isInDomain(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit < 128 ? PLAIN_DOMAIN[unit] === 1 : DOMAIN.test(text.charAt(at))
}

function localStart(text: string, sign: number, from: number): number {
  let start = sign
  const least = Math.max(from, sign - MOST_LOCAL)
  while (start > least && !NOT_LOCAL.has(text.charCodeAt(start - 1))) start -= 1
  while (start < sign && text.charAt(start) === '.') start += 1
  return start
}

function domainEnd(text: string, sign: number): number {
  let end = sign + 1
  const most = Math.min(text.length, sign + 1 + MOST_DOMAIN)
  while (end < most && isInDomain(text, end)) end += 1
  while (end > sign + 1 && /[.-]/.test(text.charAt(end - 1))) end -= 1
  return end
}

function isDomain(domain: string): boolean {
  const labels = domain.split('.')
  return labels.length > 1 && labels.every((label) => label !== '') && (labels.at(-1)?.length ?? 0) > 1
}

/**
 * E-mail addresses: from each `@` as far to both sides as an address reaches.
 *
 * No regular expression looks for the sign, and no character is looked at more often than the longest local part allows.
 */
export const emailAddress: Detector = {
  needs: 'at-sign',
  inNumbers: false,
  find(text) {
    let found: Find[] | undefined
    let from = 0
    for (let sign = text.indexOf('@'); sign >= 0; sign = text.indexOf('@', sign + 1)) {
      const start = localStart(text, sign, from)
      const end = domainEnd(text, sign)
      if (start === sign || !isDomain(text.slice(sign + 1, end))) continue
      found ??= []
      found.push({ start, end })
      from = end
    }
    return found ?? NO_FINDS
  },
}
