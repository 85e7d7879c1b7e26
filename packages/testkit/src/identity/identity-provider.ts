import { createHmac, type JsonWebKey } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '@headgate/core'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { type IdentityPerson, PEOPLE } from './people.ts'
import { createSignInPages, DEVICE_PAGES, servePagesBefore } from './sign-in-pages.ts'

/** A client that may ask for a token of its own: by its secret, or by assertions that its private key signs. */
export interface IdentityClient {
  readonly clientId: string
  /** Present, or `publicJwk` is. */
  readonly clientSecret?: string
  /** The public half of the key by which it signs assertions (RFC 7523, `private_key_jwt`), with `kid` and `alg`. */
  readonly publicJwk?: JsonWebKey
  readonly groups: readonly string[]
  /** What else its tokens say. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** What an identity provider is started with. */
export interface IdentityProviderOptions {
  readonly clients: readonly IdentityClient[]
  /** The audience of the access tokens. */
  readonly audience: string
  /** 300 by default. */
  readonly lifetimeSeconds?: number
  /** Who can sign in herself; {@link PEOPLE} by default. */
  readonly people?: readonly IdentityPerson[]
  /** Whether people can sign in on another device than the one that asks (RFC 8628); yes by default. */
  readonly hasDeviceFlow?: boolean
  /** How long the code of a device flow can be used; 600 by default. */
  readonly deviceCodeSeconds?: number
  /** The source of time of `signToken`; that of the machine when absent. */
  readonly clock?: Clock
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

/** A running OpenID provider, for tests and development: its people have known passwords. */
export interface IdentityProvider {
  readonly issuer: string
  readonly jwksUri: string
  readonly tokenEndpoint: string
  /** The public client by which people sign in: code flow with PKCE on loopback, device flow, refresh tokens. */
  readonly loginClientId: string
  /** Asks for a token as a client with a secret would, by client credentials. */
  tokenFor(clientId: string): Promise<string>
  /** Signs any claims; `iss`, `iat` and `jti` are filled in where they are missing. */
  signToken(claims: Readonly<Record<string, unknown>>, options?: SignTokenOptions): Promise<string>
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const KEY_ID = 'own'
const LOGIN_CLIENT_ID = 'headgate-cli'
/** What the provider takes for the one thing that tokens are for; it wants a URI, whatever the audience is called. */
const RESOURCE = 'urn:kafka'
const HOUR_SECONDS = 3_600
const DAY_SECONDS = 86_400

/**
 * Starts a real OpenID provider (oidc-provider) on a free loopback port: discovery, JWKS, client credentials, code flow with
 * PKCE, device flow. Its keys are new each time.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { clock = systemClock } = options
  const own = await generateKeyPair('ES256', { extractable: true })
  const foreign = await generateKeyPair('ES256')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const issuer = `http://${HOST}:${(server.address() as AddressInfo).port}`
  const privateJwk = { ...(await exportJWK(own.privateKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' }
  server.on('request', await createHandler(issuer, configuration(options, privateJwk), options.people ?? PEOPLE))
  const publicPem = await exportSPKI(own.publicKey)
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    tokenEndpoint: `${issuer}/token`,
    loginClientId: LOGIN_CLIENT_ID,
    tokenFor: (clientId) => requestToken(`${issuer}/token`, clientOf(options.clients, clientId)),
    signToken: async (claims, how = {}) => {
      const { key = 'own', typ = 'at+jwt', alg = 'ES256', expiresInSeconds = 300 } = how
      const nowSeconds = Math.floor(clock.nowUnixMs() / 1_000)
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
async function createHandler(
  issuer: string,
  settings: object,
  people: readonly IdentityPerson[],
): Promise<RequestListener> {
  const { info, warn } = console
  console.info = () => {}
  console.warn = () => {}
  try {
    const { Provider } = await import('oidc-provider')
    const provider = new Provider(issuer, settings)
    return servePagesBefore(createSignInPages(provider, people), provider)
  } finally {
    Object.assign(console, { info, warn })
  }
}

interface TokenSource {
  readonly kind: string
  readonly clientId: string
  readonly accountId?: string
}

function configuration(options: IdentityProviderOptions, privateJwk: object): object {
  const { clients, audience, lifetimeSeconds = 300, people = PEOPLE } = options
  const { deviceCodeSeconds = 600, hasDeviceFlow = true } = options
  const statedOf = new Map(clients.map(({ clientId, groups, claims }) => [clientId, { ...claims, groups }]))
  const personOf = new Map(people.map((person) => [person.account, person]))
  return {
    jwks: { keys: [privateJwk] },
    clients: [...clients.map(serviceClient), loginClient(hasDeviceFlow)],
    scopes: ['openid', 'offline_access', 'kafka'],
    claims: { openid: ['sub', 'name', 'groups'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['for tests alone'] },
    ttl: {
      ...{ AccessToken: lifetimeSeconds, ClientCredentials: lifetimeSeconds },
      ...{ DeviceCode: deviceCodeSeconds, IdToken: lifetimeSeconds },
      ...{ Interaction: HOUR_SECONDS, Session: HOUR_SECONDS, Grant: DAY_SECONDS, RefreshToken: DAY_SECONDS },
    },
    interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    findAccount: (_context: unknown, accountId: string) => {
      const person = personOf.get(accountId)
      return person && { accountId, claims: () => ({ sub: accountId, name: person.name, groups: person.groups }) }
    },
    extraTokenClaims: (_context: unknown, { kind, clientId, accountId }: TokenSource) =>
      kind === 'ClientCredentials'
        ? { groups: [], ...statedOf.get(clientId), sub: clientId }
        : { ...personOf.get(accountId ?? '')?.claims, groups: personOf.get(accountId ?? '')?.groups ?? [] },
    renderError: (context: { type: string; body: string }, { error }: { readonly error: string }) => {
      context.type = 'text'
      context.body = error
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: { enabled: hasDeviceFlow, ...DEVICE_PAGES },
      revocation: { enabled: true, allowedPolicy: () => true },
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

function serviceClient({ clientId, clientSecret, publicJwk }: IdentityClient): object {
  const proof =
    publicJwk === undefined
      ? { client_secret: clientSecret }
      : {
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: publicJwk['alg'] ?? 'ES256',
          jwks: { keys: [publicJwk] },
        }
  return {
    client_id: clientId,
    ...proof,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    id_token_signed_response_alg: 'ES256',
    response_types: [],
  }
}

/** A program on a person's machine holds no secret (RFC 8252); the port on loopback is whichever was free. */
function loginClient(hasDeviceFlow: boolean): object {
  const deviceGrant = hasDeviceFlow ? ['urn:ietf:params:oauth:grant-type:device_code'] : []
  return {
    client_id: LOGIN_CLIENT_ID,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', ...deviceGrant],
    redirect_uris: ['http://127.0.0.1/callback'],
    id_token_signed_response_alg: 'ES256',
    response_types: ['code'],
  }
}

function clientOf(clients: readonly IdentityClient[], clientId: string): IdentityClient {
  const client = clients.find((each) => each.clientId === clientId)
  if (client === undefined) throw new TypeError(`the identity provider has no client \`${clientId}\``)
  return client
}

async function requestToken(tokenEndpoint: string, { clientId, clientSecret }: IdentityClient): Promise<string> {
  if (clientSecret === undefined)
    throw new TypeError(`client \`${clientId}\` has no secret: it signs its assertions itself`)
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
