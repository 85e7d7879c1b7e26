import { createHash, randomBytes } from 'node:crypto'
import type { IdentityProvider } from './identity-provider.ts'
import { passwordOf } from './people.ts'

/** How a person goes through the pages. */
export interface SignInPersonOptions {
  /** She refuses: at the sign-in page (`cancel`), or when she is asked whether the client may act as her (`deny`). */
  readonly refuses?: 'cancel' | 'deny'
  /** Opens no address of which this is true. */
  readonly stopAt?: (url: URL) => boolean
}

/** Where a person ended. */
export interface SignInPersonResult {
  readonly url: URL
  readonly status: number
  readonly text: string
}

const MAX_PAGES = 30

function attribute(tag: string, name: string): string | undefined {
  const [, value] = new RegExp(`\\b${name}="([^"]*)"`).exec(tag) ?? []
  return value?.replaceAll('&amp;', '&').replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}

/** A browser as small as a sign-in needs: cookies, redirects, and the one form of a page. */
class Browser {
  readonly #cookies = new Map<string, string>()
  readonly #stopAt: (url: URL) => boolean

  constructor(stopAt: (url: URL) => boolean) {
    this.#stopAt = stopAt
  }

  async open(target: URL, form?: URLSearchParams): Promise<SignInPersonResult> {
    let [url, body] = [target, form]
    for (let count = 0; count < MAX_PAGES; count += 1) {
      if (this.#stopAt(url)) return { url, status: 0, text: '' }
      const response = await this.#request(url, body)
      const location = response.headers.get('location')
      if (location === null) return { url, status: response.status, text: await response.text() }
      await response.body?.cancel()
      url = new URL(location, url)
      body = undefined
    }
    throw new Error(`too many redirects: ${url.origin}${url.pathname}`)
  }

  async #request(url: URL, form: URLSearchParams | undefined): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const post = form === undefined ? {} : { method: 'POST', body: form }
    const response = await fetch(url, { ...post, headers: { cookie, connection: 'close' }, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response
  }
}

/** The inputs of a page's form, filled in by the person; nothing when the page has no form. */
function fillForm(
  html: string,
  account: string,
): { readonly action: string; readonly form: URLSearchParams } | undefined {
  const [formTag] = /<form\b[^>]*>/.exec(html) ?? []
  if (formTag === undefined) return undefined
  const form = new URLSearchParams()
  for (const [tag] of html.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, 'name')
    if (name !== undefined) form.set(name, attribute(tag, 'value') ?? '')
  }
  // The page of a device flow that has ended asks for another code, of which she has none.
  if (form.get('user_code') === '') return undefined
  if (form.has('account')) form.set('account', account)
  if (form.has('password')) form.set('password', passwordOf(account))
  return { action: attribute(formTag, 'action') ?? '', form }
}

/**
 * Goes through the identity provider's pages as a person with a browser does, from the address that she was told to open
 * until there is nothing more to fill in: real pages, real forms, real redirects, also to a program that waits on loopback.
 */
export async function goThroughSignIn(
  address: string,
  account: string,
  { refuses, stopAt = () => false }: SignInPersonOptions = {},
): Promise<SignInPersonResult> {
  const browser = new Browser(stopAt)
  let shown = await browser.open(new URL(address))
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const filled = fillForm(shown.text, account)
    if (filled === undefined) return shown
    const cancel = attribute(/<a\b[^>]*>/.exec(shown.text)?.[0] ?? '', 'href')
    const isRefused =
      cancel !== undefined && (refuses === 'cancel' || (refuses === 'deny' && filled.form.get('prompt') === 'consent'))
    if (isRefused) {
      shown = await browser.open(new URL(cancel, shown.url))
      continue
    }
    shown = await browser.open(new URL(filled.action, shown.url), filled.form)
  }
  throw new Error('too many pages')
}

/** Signs a person in at the identity provider, by code flow with PKCE, and gives her access token. */
export async function signInPerson(identity: IdentityProvider, account: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const redirectUri = 'http://127.0.0.1:1/callback'
  const query = new URLSearchParams({
    client_id: identity.loginClientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid kafka',
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const { url } = await goThroughSignIn(`${identity.issuer}/auth?${query}`, account, {
    stopAt: ({ href }) => href.startsWith(redirectUri),
  })
  const code = url.searchParams.get('code')
  if (code === null) throw new Error(`\`${account}\` was not signed in: ${url.searchParams.get('error')}`)
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
  const response = await fetch(identity.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({ ...form, client_id: identity.loginClientId }),
  })
  const answer = (await response.json()) as { readonly access_token?: string; readonly error?: string }
  if (answer.access_token === undefined) throw new Error(`the identity provider answered ${answer.error}`)
  return answer.access_token
}
