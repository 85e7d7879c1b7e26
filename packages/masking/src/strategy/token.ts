import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@headgate/core'
import { TokenKeyInvalidError } from '../errors.ts'

/** A key that tokens are made with. */
export interface TokenKey {
  /** Stands in every token: 1 to 16 letters, digits or hyphens. */
  readonly kid: string
  /** At least 32 bytes. */
  readonly secret: Secret<Uint8Array>
}

const LEAST_KEY_BYTES = 32
const MAC_BYTES = 16
const CHECK_BYTES = 8
const KID = /^[A-Za-z0-9-]{1,16}$/
const TOKEN = /^hgt1_([A-Za-z0-9-]{1,16})_([A-Za-z0-9_-]{22})_([A-Za-z0-9_-]{11})$/

/**
 * Makes tokens, and tells them from other text.
 *
 *     token ::= "hgt1_" kid "_" mac "_" check     mac and check in base64url
 *
 * `mac` is the first 128 bits of HMAC-SHA-256 over label and value, `check` the first 64 over `mac`: whoever holds the
 * key sees that a token is its own work, so that a producer cannot pass clear text off as one.
 */
export class Tokenizer {
  readonly #keys: ReadonlyMap<string, Uint8Array>
  readonly #kid: string

  /** The first key makes tokens, the others are still recognised. Throws `ERR_MASKING_TOKEN_KEY_INVALID`. */
  constructor(keys: readonly TokenKey[]) {
    for (const key of keys) checkKey(key)
    this.#keys = new Map(keys.map(({ kid, secret }) => [kid, secret.reveal()]))
    this.#kid = keys[0]?.kid ?? ''
    if (this.#keys.size !== keys.length) throw invalid('a key id is given twice')
  }

  /** The token of a text; a token of these keys is given back as it is. Without a key, `undefined` for other text. */
  tokenFor(label: string, text: string): string | undefined {
    if (this.#isToken(text)) return text
    const key = this.#keys.get(this.#kid)
    if (key === undefined) return undefined
    const mac = hmac(key, `value\0${label}\0${text.normalize('NFC')}`, MAC_BYTES)
    return `hgt1_${this.#kid}_${mac}_${hmac(key, `check\0${mac}`, CHECK_BYTES)}`
  }

  #isToken(text: string): boolean {
    const [, kid, mac = '', check = ''] = TOKEN.exec(text) ?? []
    if (kid === undefined) return false
    // Without keys the form is all there is to see: the gateway, which has them, saw the record first.
    if (this.#keys.size === 0) return true
    const key = this.#keys.get(kid)
    if (key === undefined) return false
    return timingSafeEqual(Buffer.from(hmac(key, `check\0${mac}`, CHECK_BYTES)), Buffer.from(check))
  }
}

function hmac(key: Uint8Array, text: string, bytes: number): string {
  return createHmac('sha256', key).update(text, 'utf8').digest().toString('base64url', 0, bytes)
}

function checkKey({ kid, secret }: TokenKey): void {
  if (!KID.test(kid)) throw invalid('a key id is not 1 to 16 letters, digits or hyphens')
  if (secret.reveal().length < LEAST_KEY_BYTES) throw invalid(`key \`${kid}\` has fewer than ${LEAST_KEY_BYTES} bytes`)
}

function invalid(what: string): TokenKeyInvalidError {
  return new TokenKeyInvalidError({ message: `token keys: ${what}` })
}
