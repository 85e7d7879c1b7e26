import { Secret } from '@headgate/core'

/** The SASL mechanisms that clients sign in with. */
export type ClientMechanism = 'OAUTHBEARER' | 'PLAIN'

/** What a client's first and only SASL message says. */
export type SaslMessage =
  | { readonly kind: 'token'; readonly token: Secret<string>; readonly authorizationId: string }
  | { readonly kind: 'client-secret'; readonly clientId: string; readonly clientSecret: Secret<string> }

/** The user name that says: the password is a token. */
const TOKEN_USERNAME = 'token'

const SEPARATOR = '\x01'
const BEARER = /^Bearer +([-_~+/.A-Za-z0-9]+=*)$/i
const MAX_CREDENTIAL_BYTES = 4096

/**
 * Reads the client's message of OAUTHBEARER (RFC 7628) or PLAIN (RFC 4616); `null` when it is malformed.
 *
 * ```
 * OAUTHBEARER: n,[a=authzid],\x01(key=value\x01)*\x01      exactly one key is `auth`, its value `Bearer <token>`
 * PLAIN:       [authzid]\0authcid\0passwd                  authzid empty or equal to authcid
 * ```
 * Extensions of OAUTHBEARER are a client's unsigned claims: they are read past and never used.
 */
export function parseSaslMessage(mechanism: ClientMechanism, bytes: Buffer): SaslMessage | null {
  return mechanism === 'PLAIN' ? parsePlain(bytes) : parseBearer(bytes)
}

function parseBearer(bytes: Buffer): SaslMessage | null {
  const text = bytes.toString('latin1')
  const [header = '', ...pairs] = text.split(SEPARATOR)
  const authorization = /^n,(?:a=([^,]*))?,$/.exec(header)
  if (authorization === null || pairs.length < 3 || pairs.at(-1) !== '' || pairs.at(-2) !== '') return null
  const values = pairs.slice(0, -2).filter((pair) => pair.startsWith('auth='))
  const bearer = BEARER.exec(values[0]?.slice('auth='.length) ?? '')
  const token = bearer?.[1]
  if (values.length !== 1 || token === undefined) return null
  return { kind: 'token', token: new Secret(token), authorizationId: authorization[1] ?? '' }
}

function parsePlain(bytes: Buffer): SaslMessage | null {
  const parts = bytes.toString('utf8').split('\0')
  const [authorizationId = '', username = '', password = ''] = parts
  if (parts.length !== 3 || username === '' || password === '') return null
  if (authorizationId !== '' && authorizationId !== username) return null
  if (username === TOKEN_USERNAME) return { kind: 'token', token: new Secret(password), authorizationId: '' }
  if (bytes.length > MAX_CREDENTIAL_BYTES) return null
  return { kind: 'client-secret', clientId: username, clientSecret: new Secret(password) }
}
