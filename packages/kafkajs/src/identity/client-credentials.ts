import { readFile } from 'node:fs/promises'
import { type Clock, Secret } from '@headgate/core'
import {
  HeadgateConfigurationError,
  HeadgateIdentityRefusedError,
  HeadgateIdentityUnavailableError,
} from '../errors.ts'
import { parseServerAddress } from '../http/address.ts'
import { ask } from '../http/failure.ts'
import { createHttpClient, type HttpClient, type HttpResponse, KeptConnections } from '../http/http-client.ts'
import { parseJsonObject, printable, textMember } from '../http/json.ts'
import { readPem } from '../http/pem.ts'
import {
  CLIENT_ASSERTION_TYPE,
  type ClientAssertionOptions,
  createClientAssertion,
  usesAssertion,
} from './client-assertion.ts'
import { type IdentityContext, type IdentitySource, type IdentityToken, TokenType } from './identity-source.ts'

/** A client of an OpenID provider, and how it asks for a token. */
export interface ClientCredentialsOptions extends ClientAssertionOptions {
  /** The provider's issuer, exactly as its discovery document spells it. */
  readonly issuer: string
  readonly clientId: string
  /** The client's secret; or give `clientSecretFile`, or one of the ways without a secret. */
  readonly clientSecret?: string | Pick<Secret<string>, 'reveal'>
  /** A file that holds the secret; read anew for each token. */
  readonly clientSecretFile?: string
  readonly scope?: string
  /** The API the token is for, where the provider wants `audience`. */
  readonly audience?: string
  /** The API the token is for, where the provider wants `resource` (RFC 8707). */
  readonly resource?: string
  /** The authority of the provider's certificate: PEM text or a file's path; the platform's authorities when absent. */
  readonly ca?: string
}

interface KeptToken extends IdentityToken {
  readonly freshUntilMs: number
}

interface Provider {
  readonly tokenEndpoint: URL
  readonly usesBasic: boolean
  /** The algorithms of client assertions, where the provider tells. */
  readonly algorithms: readonly string[] | undefined
}

const LIFETIME_WITHOUT_HINT_MS = 60_000

async function discover(http: HttpClient, options: ClientCredentialsOptions, insecure: boolean): Promise<Provider> {
  const issuer = parseServerAddress('the issuer', options.issuer, insecure)
  const url = new URL(`${issuer.href.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const response = await ask(http, 'identity provider', { method: 'GET', url })
  const document = response.status === 200 ? parseJsonObject(response.body) : undefined
  const endpoint = textMember(document, 'token_endpoint')
  if (endpoint === undefined || textMember(document, 'issuer') !== options.issuer) {
    throw new HeadgateConfigurationError({
      message: `\`${options.issuer}\` is not an OpenID provider that calls itself so: use the issuer exactly as its discovery document spells it`,
      details: { status: response.status },
    })
  }
  const methods = document?.['token_endpoint_auth_methods_supported']
  const usesBasic = !Array.isArray(methods) || methods.includes('client_secret_basic')
  const tokenEndpoint = parseServerAddress('the token endpoint', endpoint, insecure)
  const algorithms = textsOf(document?.['token_endpoint_auth_signing_alg_values_supported'])
  return { tokenEndpoint, usesBasic, algorithms }
}

function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined
}

async function readSecret(options: ClientCredentialsOptions): Promise<Pick<Secret<string>, 'reveal'>> {
  const { clientSecret, clientSecretFile } = options
  // By what it can, not by its class: an application may have another copy of that.
  if (clientSecret !== undefined) return typeof clientSecret === 'string' ? new Secret(clientSecret) : clientSecret
  if (clientSecretFile === undefined) {
    throw new HeadgateConfigurationError({
      message:
        'no client secret and no private key: give clientSecret, clientSecretFile or privateKey, or HEADGATE_CLIENT_SECRET, HEADGATE_CLIENT_SECRET_FILE or HEADGATE_CLIENT_PRIVATE_KEY',
    })
  }
  const text = await readFile(clientSecretFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const message = `the secret file \`${clientSecretFile}\` cannot be read (${error.code ?? 'unreadable'})`
    throw new HeadgateIdentityUnavailableError({ message, details: { path: clientSecretFile } })
  })
  return new Secret(text.trim())
}

// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
function basic(clientId: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ t: text }).toString().slice(2)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`
}

/** What a request proves its client with: parameters of the form, or a header. */
interface ClientProof {
  readonly parameters?: Readonly<Record<string, string>>
  readonly authorization?: string
}

async function proveClient(
  provider: Provider,
  options: ClientCredentialsOptions,
  { clock }: IdentityContext,
): Promise<ClientProof> {
  const { clientId, issuer } = options
  if (usesAssertion(options)) {
    const request = { clientId, audience: issuer, algorithms: provider.algorithms }
    const assertion = await createClientAssertion(options, request, clock)
    const type = { client_assertion_type: CLIENT_ASSERTION_TYPE }
    return { parameters: { client_id: clientId, ...type, client_assertion: assertion } }
  }
  const secret = (await readSecret(options)).reveal()
  if (provider.usesBasic) return { authorization: basic(clientId, secret) }
  return { parameters: { client_id: clientId, client_secret: secret } }
}

async function requestToken(
  http: HttpClient,
  provider: Provider,
  options: ClientCredentialsOptions,
  context: IdentityContext,
): Promise<HttpResponse> {
  const { parameters = {}, authorization } = await proveClient(provider, options, context)
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...parameters })
  for (const name of ['scope', 'audience', 'resource'] as const) if (options[name]) form.set(name, options[name])
  return ask(http, 'identity provider', {
    method: 'POST',
    url: provider.tokenEndpoint,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(authorization !== undefined && { authorization }),
    },
    body: form.toString(),
  })
}

function readToken(response: HttpResponse, options: ClientCredentialsOptions, clock: Clock): KeptToken {
  const document = parseJsonObject(response.body)
  const token = textMember(document, 'access_token')
  if (response.status === 200 && token !== undefined) {
    const seconds = document?.['expires_in']
    const lifetimeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : LIFETIME_WITHOUT_HINT_MS
    // A fifth of the life is kept back: the gateway's own token never outlives the one it was given.
    return {
      token: new Secret(token),
      type: TokenType.ACCESS_TOKEN,
      freshUntilMs: clock.monotonicMs() + lifetimeMs * 0.8,
    }
  }
  const error = printable(textMember(document, 'error')) || `HTTP ${response.status}`
  const description = printable(textMember(document, 'error_description'))
  throw new HeadgateIdentityRefusedError({
    message: `the identity provider refused client \`${options.clientId}\`: ${error}${description && `: ${description}`}: check its id, its ${usesAssertion(options) ? 'key' : 'secret'} and that it may use client credentials`,
    details: { clientId: options.clientId, error, status: response.status },
  })
}

const PROOFS = ['clientSecret', 'clientSecretFile', 'privateKey', 'clientAssertion', 'clientAssertionFile'] as const

function assertOneProof(options: ClientCredentialsOptions): void {
  const given = PROOFS.filter((name) => options[name] !== undefined)
  if (given.length < 2) return
  const list = given.join(' and ')
  throw new HeadgateConfigurationError({ message: `a client proves itself in one way: ${list} are given, leave one` })
}

/**
 * Takes the identity from an OpenID provider by the client-credentials grant: with a secret, or without one by a private key
 * (`private_key_jwt`, RFC 7523), a callback that signs, or an assertion that the platform writes.
 *
 * A token is kept for four fifths of its life. The provider is reached over TLS, or, on this machine and with
 * `headgate.insecure`, without.
 */
export function clientCredentials(options: ClientCredentialsOptions): IdentitySource {
  assertOneProof(options)
  let kept: KeptToken | undefined
  let provider: Provider | undefined
  let http: HttpClient | undefined
  return {
    kind: 'client-credentials',
    async getToken(context: IdentityContext) {
      if (kept !== undefined && context.clock.monotonicMs() < kept.freshUntilMs) return kept
      http ??= createHttpClient({
        ca: options.ca === undefined ? undefined : await readPem('the issuer', options.ca),
        kept: new KeptConnections(),
      })
      provider ??= await discover(http, options, context.insecure)
      kept = readToken(await requestToken(http, provider, options, context), options, context.clock)
      return kept
    },
    forget() {
      kept = undefined
    },
  }
}
