import { createHmac } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

/** A client that may ask for a token of its own. */
export interface IdentityClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly groups: readonly string[]
}

/** What an identity provider is started with. */
export interface IdentityProviderOptions {
  readonly clients: readonly IdentityClient[]
  /** The audience of the access tokens. */
  readonly audience: string
  /** 300 by default. */
  readonly lifetimeSeconds?: number
}

/** How a token is signed, for tests that bring tokens which must be refused. */
export interface SignTokenOptions {
  /** `foreign` is a key that the provider never published. */
  readonly key?: 'own' | 'foreign'
  /** The `typ` of the header; `at+jwt` by default. */
  readonly typ?: string
  /** `HS256` signs with the provider's public key as the secret, which a lax verifier takes. */
  readonly alg?: 'ES256' | 'HS256'
  /** Negative for an expired token, `null` for one without an end; 300 by default. */
  readonly expiresInSeconds?: number | null
}

/** A running OpenID provider. */
export interface IdentityProvider {
  readonly issuer: string
  readonly jwksUri: string
  readonly tokenEndpoint: string
  /** Asks for a token as the client would, by client credentials. */
  tokenFor(clientId: string): Promise<string>
  /** Signs any claims; `iss`, `iat` and `jti` are filled in where they are missing. */
  signToken(claims: JWTPayload, options?: SignTokenOptions): Promise<string>
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const KEY_ID = 'own'
/** What the provider takes for the one thing that tokens are for; it wants a URI, whatever the audience is called. */
const RESOURCE = 'urn:kafka'

/** Starts a real OpenID provider (oidc-provider) on a free loopback port. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const own = await generateKeyPair('ES256', { extractable: true })
  const foreign = await generateKeyPair('ES256')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const issuer = `http://${HOST}:${(server.address() as AddressInfo).port}`
  const privateJwk = { ...(await exportJWK(own.privateKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' }
  server.on('request', await createHandler(issuer, configuration(options, privateJwk)))
  const publicPem = await exportSPKI(own.publicKey)
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    tokenEndpoint: `${issuer}/token`,
    tokenFor: (clientId) => requestToken(`${issuer}/token`, clientOf(options.clients, clientId)),
    signToken: async (claims, how = {}) => {
      const { key = 'own', typ = 'at+jwt', alg = 'ES256', expiresInSeconds = 300 } = how
      const nowSeconds = Math.floor(Date.now() / 1_000)
      const end = expiresInSeconds === null ? {} : { exp: nowSeconds + expiresInSeconds }
      const iat = nowSeconds + Math.min(0, (expiresInSeconds ?? 0) - 60)
      const payload = { iss: issuer, iat, jti: `test-${nowSeconds}-${Math.random()}`, ...end, ...claims }
      if (alg === 'HS256') return signByHand({ alg, typ, kid: KEY_ID }, payload, publicPem)
      return new SignJWT(payload)
        .setProtectedHeader({ alg, typ, kid: KEY_ID })
        .sign(key === 'own' ? own.privateKey : foreign.privateKey)
    },
    close: () => closeServer(server),
  }
}

/** The library warns of its own defaults, which are right for a test, on the console; there is no option against it. */
async function createHandler(issuer: string, settings: object): Promise<RequestListener> {
  const { info, warn } = console
  console.info = () => {}
  console.warn = () => {}
  try {
    const { Provider } = await import('oidc-provider')
    return new Provider(issuer, settings).callback()
  } finally {
    Object.assign(console, { info, warn })
  }
}

function configuration(
  { clients, audience, lifetimeSeconds = 300 }: IdentityProviderOptions,
  privateJwk: object,
): object {
  const groupsOf = new Map(clients.map(({ clientId, groups }) => [clientId, groups]))
  return {
    jwks: { keys: [privateJwk] },
    clients: clients.map(({ clientId, clientSecret }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256',
      response_types: [],
    })),
    scopes: ['kafka'],
    ttl: { ClientCredentials: lifetimeSeconds },
    extraTokenClaims: (_context: unknown, token: { readonly kind: string; readonly clientId: string }) =>
      token.kind === 'ClientCredentials'
        ? { sub: token.clientId, groups: groupsOf.get(token.clientId) ?? [] }
        : undefined,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'kafka',
          audience,
          accessTokenTTL: lifetimeSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}

function clientOf(clients: readonly IdentityClient[], clientId: string): IdentityClient {
  const client = clients.find((each) => each.clientId === clientId)
  if (client === undefined) throw new TypeError(`the identity provider has no client \`${clientId}\``)
  return client
}

async function requestToken(tokenEndpoint: string, { clientId, clientSecret }: IdentityClient): Promise<string> {
  const authorization = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
    'base64',
  )
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${authorization}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  })
  const answer = (await response.json()) as { readonly access_token?: string; readonly error?: string }
  if (answer.access_token === undefined)
    throw new TypeError(`the identity provider answered ${response.status} ${answer.error}`)
  return answer.access_token
}

/** A token whose secret is a public key: no library signs one. */
function signByHand(header: object, payload: object, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
