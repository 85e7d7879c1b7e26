import type { Secret } from '@headgate/core'
import type { OutboundFetch } from '@headgate/gateway'
import type { CommandIo } from './command.ts'
import { GatewayAnswerError, GatewayRefusedError, UnreachableError } from './errors.ts'
import { type GatewayAddressOptions, resolveGateway } from './gateway-address.ts'
import { createCommandFetch } from './gateway-http.ts'
import { type JsonObject, jsonObject, parseJson, printable, textMember } from './json-value.ts'
import { GatewayTokens } from './sign-in/gateway-tokens.ts'
import { readGivenToken } from './sign-in/given-token.ts'

/** A gateway's HTTP API, asked in the name of whoever runs the command. */
export interface GatewayClient {
  /** Scheme, host and port of the gateway. */
  readonly url: string
  /** Asks for a path, such as `/v1/asks?state=pending`; the answer is parsed, not checked. */
  get<T>(path: string): Promise<T>
  /** Asks for a path whose answer is JSON line by line; it is parsed, not checked. */
  getLines(path: string): Promise<readonly JsonObject[]>
  /** Posts JSON to a path. An answer without a body is `undefined`. */
  post<T>(path: string, body: unknown): Promise<T>
  /** Posts a form to one of the OAuth endpoints, whose answer has no body. */
  postForm(path: string, form: Readonly<Record<string, string>>): Promise<void>
}

function refusalOf(status: number, text: string): GatewayRefusedError {
  const problem = jsonObject(parseJson(text))
  const title = printable(textMember(problem, 'title'))
  const detail = printable(textMember(problem, 'detail'))
  const said = [title, detail].filter((part) => part !== '').join(': ')
  return new GatewayRefusedError({ status, code: textMember(problem, 'code'), text: said })
}

/** The text of an answer that is no refusal. */
async function readText(host: string, response: Response): Promise<string> {
  const text = await response.text()
  const isProblem = (response.headers.get('content-type') ?? '').startsWith('application/problem+json')
  if (response.status >= 400 && isProblem) throw refusalOf(response.status, text)
  if (response.status >= 500) throw new UnreachableError(host, `HTTP ${response.status}`)
  if (!response.ok) throw new GatewayRefusedError({ status: response.status, code: undefined, text: '' })
  return text
}

/** Errors of the OAuth endpoints (RFC 6749 section 5.2) have members of their own. */
async function readOAuth(host: string, response: Response): Promise<void> {
  const problem = response.status < 400 ? undefined : jsonObject(parseJson(await response.clone().text()))
  const word = textMember(problem, 'error')
  if (word === undefined) return void (await readText(host, response))
  const text = printable(textMember(problem, 'error_description')) || printable(word)
  throw new GatewayRefusedError({ status: response.status, code: undefined, text })
}

async function readAnswer<T>(host: string, response: Response): Promise<T> {
  const text = await readText(host, response)
  if (text === '') return undefined as T
  const value = parseJson(text)
  if (value === undefined) throw new GatewayAnswerError(host, 'its answer is no JSON')
  return value as T
}

async function readLines(host: string, response: Response): Promise<readonly JsonObject[]> {
  const lines = (await readText(host, response)).split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const object = jsonObject(parseJson(line))
    if (object === undefined) throw new GatewayAnswerError(host, 'a line of its answer is no JSON')
    return object
  })
}

function createClient(origin: string, token: () => Promise<Secret<string>>, fetch: OutboundFetch): GatewayClient {
  const { host } = new URL(origin)
  const headers = async (): Promise<Record<string, string>> => ({
    authorization: `Bearer ${(await token()).reveal()}`,
    accept: 'application/json',
  })
  return {
    url: origin,
    get: async (path) => readAnswer(host, await fetch(`${origin}${path}`, { headers: await headers() })),
    getLines: async (path) => readLines(host, await fetch(`${origin}${path}`, { headers: await headers() })),
    post: async (path, body) => {
      const request = { method: 'POST', headers: { ...(await headers()), 'content-type': 'application/json' } }
      return readAnswer(host, await fetch(`${origin}${path}`, { ...request, body: JSON.stringify(body) }))
    },
    postForm: async (path, form) => {
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      const request = { method: 'POST', headers: { ...(await headers()), ...type } }
      const body = new URLSearchParams(form).toString()
      await readOAuth(host, await fetch(`${origin}${path}`, { ...request, body }))
    },
  }
}

/**
 * Connects a command to its gateway: `--gateway` or HEADGATE_GATEWAY, `--ca` or HEADGATE_CA, and the token of HEADGATE_TOKEN,
 * HEADGATE_TOKEN_FILE or the saved sign-in, which is exchanged for one of the gateway and renewed as long as the client is used.
 *
 * A refusal of the gateway (`application/problem+json`) is thrown as {@link GatewayRefusedError} with the gateway's own code;
 * hand every error to `reportFailure`.
 *
 * @throws {GatewayMissingError} `ERR_CLI_GATEWAY_MISSING`
 * @throws {NotSignedInError} `ERR_CLI_NOT_SIGNED_IN`
 */
export async function connectGateway(io: CommandIo, options: GatewayAddressOptions): Promise<GatewayClient> {
  const gateway = resolveGateway(io, options)
  const fetch = createCommandFetch(gateway)
  const given = readGivenToken(io)
  if (given !== undefined) return createClient(gateway.origin, async () => given, fetch)
  const tokens = new GatewayTokens(io, gateway, fetch)
  await tokens.current()
  return createClient(gateway.origin, async () => (await tokens.current()).token, fetch)
}
