import type { Context } from 'hono'
import type { SubjectToken, SubjectTokenType } from '../identity/subject-token.ts'

/** The error words of RFC 6749 section 5.2 and RFC 8693 section 2.2.2 that the token endpoint uses. */
type TokenErrorWord =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'

/** A refusal of the token endpoint. */
export interface TokenRefusal {
  readonly error: TokenErrorWord
  readonly description: string
}

/** A well-formed token exchange. */
export interface TokenExchangeRequest {
  readonly subject: SubjectToken
  readonly issuedTokenType: string
  readonly clientId: string | undefined
  /** An earlier token of the gateway, whose session is to go on. */
  readonly sessionToken: string | undefined
}

/** The request, or why it is none that is served. */
export type TokenRequestResult =
  | { readonly ok: true; readonly request: TokenExchangeRequest }
  | { readonly ok: false; readonly refusal: TokenRefusal }

/** What a token may be asked for. */
export interface TokenTargets {
  readonly audience: string
  readonly resource: string
}

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i

/** Whether the body says that it is a form. */
export function isForm(c: Context): boolean {
  return FORM.test(c.req.header('Content-Type') ?? '')
}

/** RFC 8693 section 2.1. */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

const TOKEN_TYPE_PREFIX = 'urn:ietf:params:oauth:token-type:'
const SUBJECT_TYPES: ReadonlyMap<string, SubjectTokenType> = new Map(
  (['access_token', 'id_token', 'jwt', 'saml2'] as const).map((name) => [TOKEN_TYPE_PREFIX + name, name]),
)
const ISSUED_TYPE = `${TOKEN_TYPE_PREFIX}access_token`
const ISSUED_TYPES: ReadonlySet<string> = new Set([ISSUED_TYPE, `${TOKEN_TYPE_PREFIX}jwt`])
// RFC 8693 section 2.1 lets these two stand more than once.
const REPEATABLE: ReadonlySet<string> = new Set(['audience', 'resource'])
const CLIENT_SECRETS = ['client_secret', 'client_assertion', 'client_assertion_type']

class Form {
  readonly #parameters: URLSearchParams

  constructor(body: string) {
    this.#parameters = new URLSearchParams(body)
  }

  /** A value; one without text counts as left out (RFC 6749 section 3.2). */
  get(name: string): string | undefined {
    return this.#parameters.get(name) || undefined
  }

  all(name: string): readonly string[] {
    return this.#parameters.getAll(name).filter((value) => value !== '')
  }

  isAnyRepeated(): boolean {
    const names = [...this.#parameters.keys()].filter((name) => !REPEATABLE.has(name))
    return new Set(names).size !== names.length
  }
}

type Check = (form: Form, targets: TokenTargets) => TokenRefusal | undefined

function refuse(error: TokenErrorWord, description: string): TokenRefusal {
  return { error, description }
}

const checkGrant: Check = (form) => {
  if (form.isAnyRepeated()) return refuse('invalid_request', 'a parameter is repeated')
  const grantType = form.get('grant_type')
  if (grantType === undefined) return refuse('invalid_request', 'grant_type is missing')
  return grantType === TOKEN_EXCHANGE_GRANT
    ? undefined
    : refuse('unsupported_grant_type', `only ${TOKEN_EXCHANGE_GRANT} is served`)
}

const checkClient: Check = (form) =>
  CLIENT_SECRETS.some((name) => form.get(name) !== undefined)
    ? refuse('invalid_client', 'client authentication is not used here: the subject token is the proof')
    : undefined

const checkSubject: Check = (form) => {
  const type = form.get('subject_token_type')
  if (form.get('subject_token') === undefined) return refuse('invalid_request', 'subject_token is missing')
  if (type === undefined) return refuse('invalid_request', 'subject_token_type is missing')
  return SUBJECT_TYPES.has(type)
    ? undefined
    : refuse(
        'invalid_request',
        'subject_token_type is not served: use the token type access_token, id_token, jwt or saml2',
      )
}

const checkActor: Check = (form) => {
  const hasToken = form.get('actor_token') !== undefined
  const hasType = form.get('actor_token_type') !== undefined
  if (hasToken !== hasType) return refuse('invalid_request', 'actor_token and actor_token_type go together')
  return hasToken ? refuse('invalid_request', 'delegation is not served: leave actor_token out') : undefined
}

const checkTargets: Check = (form, targets) => {
  const requested = form.get('requested_token_type')
  if (requested !== undefined && !ISSUED_TYPES.has(requested)) {
    return refuse('invalid_request', 'requested_token_type is not served: use access_token or jwt')
  }
  if (form.all('audience').some((audience) => audience !== targets.audience)) {
    return refuse('invalid_target', `the only audience here is ${targets.audience}`)
  }
  if (form.all('resource').some((resource) => resource !== targets.resource)) {
    return refuse('invalid_target', `the only resource here is ${targets.resource}`)
  }
  return form.get('scope') === undefined ? undefined : refuse('invalid_scope', 'no scopes are defined here')
}

const CHECKS: readonly Check[] = [checkGrant, checkClient, checkSubject, checkActor, checkTargets]

/** Parses the body of a token request (RFC 8693 section 2.1); parameters that are not known are ignored. */
export function parseTokenRequest(body: string, targets: TokenTargets): TokenRequestResult {
  const form = new Form(body)
  for (const check of CHECKS) {
    const refusal = check(form, targets)
    if (refusal !== undefined) return { ok: false, refusal }
  }
  const issuedTokenType = form.get('requested_token_type') ?? ISSUED_TYPE
  const request = {
    subject: {
      type: SUBJECT_TYPES.get(form.get('subject_token_type') ?? '') ?? 'access_token',
      token: form.get('subject_token') ?? '',
    },
    issuedTokenType,
    clientId: form.get('client_id'),
    sessionToken: form.get('session_token'),
  }
  return { ok: true, request }
}

/** The token of a revocation request (RFC 7009 section 2.1), or why it is none; what kind of token it is, is not asked. */
export function parseRevocationRequest(
  body: string,
): { readonly ok: true; readonly token: string } | { readonly ok: false; readonly refusal: TokenRefusal } {
  const form = new Form(body)
  if (form.isAnyRepeated()) return { ok: false, refusal: refuse('invalid_request', 'a parameter is repeated') }
  const token = form.get('token')
  return token === undefined
    ? { ok: false, refusal: refuse('invalid_request', 'token is missing') }
    : { ok: true, token }
}
