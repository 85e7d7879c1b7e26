import { TokenMalformedError } from './identity-errors.ts'

/** A JSON object whose members nobody has checked. */
export type UncheckedObject = Readonly<Record<string, unknown>>

/** What a token says of itself before anything is verified: good for choosing a verifier, for nothing else. */
export interface TokenShape {
  readonly header: UncheckedObject
  readonly claims: UncheckedObject
}

const MAX_TOKEN_LENGTH = 131_072
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

function decodeObject(segment: string, name: string): UncheckedObject {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'))
  } catch {
    // V8's message quotes the token.
    throw new TokenMalformedError(`its ${name} is no JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenMalformedError(`its ${name} is no JSON object`)
  }
  return value as UncheckedObject
}

/** Gives an own member that is a text; inherited names such as `constructor` are none. */
export function ownText(object: UncheckedObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/**
 * Takes a compact JWS apart, cheaply: length, three segments, a JSON header and JSON claims, no critical extension.
 *
 * Throws {@link TokenMalformedError}, whose text holds nothing of the token.
 */
export function parseTokenShape(token: string): TokenShape {
  if (token.length > MAX_TOKEN_LENGTH) throw new TokenMalformedError('it is too long')
  const [, header, claims] = COMPACT.exec(token) ?? []
  if (header === undefined || claims === undefined) throw new TokenMalformedError('it is no signed token')
  const shape = { header: decodeObject(header, 'header'), claims: decodeObject(claims, 'body') }
  if (Object.hasOwn(shape.header, 'crit') || Object.hasOwn(shape.header, 'b64')) {
    throw new TokenMalformedError('it uses an extension that is not known here')
  }
  return shape
}
