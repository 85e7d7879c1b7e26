import { Secret } from '@headgate/core'
import type { TokenKey } from '@headgate/masking'
import type { ConfigReader } from './config-reader.ts'
import type { MaskingConfig } from './gateway-config.ts'
import { type LocatedSecret, readSecretReference } from './secret-value.ts'

const LEAST_KEY_BYTES = 32
const KID = /^[A-Za-z0-9-]{1,16}$/
const MEND =
  'write `{ "kty": "oct", "kid": "…", "k": "…" }`: `kid` 1 to 16 letters, digits or hyphens, `k` 32 random bytes or more in base64url'

type OctJwk = Readonly<Record<'kty' | 'kid' | 'k', unknown>>

function parseJwk(text: string): OctJwk | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as OctJwk) : undefined
  } catch {
    // V8's message quotes the input, which is a key.
    return undefined
  }
}

function problemOf(jwk: OctJwk | undefined): string | undefined {
  if (jwk?.kty !== 'oct') return 'it is no JSON Web Key of type `oct`'
  if (typeof jwk.kid !== 'string' || !KID.test(jwk.kid)) return 'its `kid` is missing or cannot stand in a token'
  if (typeof jwk.k !== 'string' || !/^[A-Za-z0-9_-]+$/.test(jwk.k)) return 'its `k` is no base64url'
  const isLong = Buffer.from(jwk.k, 'base64url').length >= LEAST_KEY_BYTES
  return isLong ? undefined : `its \`k\` has fewer than ${LEAST_KEY_BYTES} bytes`
}

function tokenKeyOf(reader: ConfigReader, { value, offset, origin }: LocatedSecret): TokenKey[] {
  const jwk = parseJwk(value.reveal())
  const problem = problemOf(jwk)
  if (jwk !== undefined && problem === undefined)
    return [{ kid: String(jwk.kid), secret: new Secret(Buffer.from(String(jwk.k), 'base64url')) }]
  reader.add('ERR_GATEWAY_CONFIG_KEY_INVALID', `\`${origin}\` holds no key for tokens: ${problem}`, MEND, offset)
  return []
}

function readTokenKeys(reader: ConfigReader): TokenKey[] {
  const keys = reader.sections('tokenKeys').flatMap((section, index) => {
    const secret = readSecretReference(section, reader.nameOf(`tokenKeys[${index}]`))
    return secret === undefined || secret.value.reveal() === '' ? [] : tokenKeyOf(reader, secret)
  })
  const kids = new Set(keys.map(({ kid }) => kid))
  if (kids.size < keys.length) {
    const mend = 'give each key a `kid` of its own, and keep it for as long as its tokens are about'
    reader.add('ERR_GATEWAY_CONFIG_DUPLICATE', `\`${reader.nameOf('tokenKeys')}\` names a \`kid\` twice`, mend)
  }
  return keys
}

/** Reads `masking:`, whose absence means that no tokens are made: a policy that asks for them withholds records. */
export function readMasking(reader: ConfigReader | undefined): MaskingConfig {
  const tokenKeys = reader === undefined ? [] : readTokenKeys(reader)
  reader?.close()
  return { tokenKeys }
}
