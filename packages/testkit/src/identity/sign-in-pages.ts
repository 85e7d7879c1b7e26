import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { InteractionDetails, Provider } from 'oidc-provider'
import { type IdentityPerson, passwordOf } from './people.ts'

const INTERACTION = /^\/interaction\/([\w-]+)(\/abort)?$/
const MAX_FORM_BYTES = 16_384
const STYLE = 'body{font-family:sans-serif;max-width:22rem;margin:3rem auto}input,button{display:block;margin:.5rem 0}'

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A page of the identity provider; `body` is HTML. */
function page(title: string, body: string): string {
  return `<!DOCTYPE html><html><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head><body><h1>${title}</h1>${body}</body></html>`
}

function signInPage({ uid }: InteractionDetails, people: readonly IdentityPerson[], wasWrong: boolean): string {
  const names = people.map(({ account }) => account).join(', ')
  return page(
    'Sign in',
    `${wasWrong ? '<p>That is no account and password of ours.</p>' : ''}
<form method="post" action="/interaction/${uid}"><input type="hidden" name="prompt" value="login">
<input name="account" placeholder="account" required autofocus><input name="password" type="password" placeholder="password" required>
<button type="submit">Sign in</button></form>
<p>Accounts for tests: ${names}. The password is the account and <code>-password</code>.</p>
<a href="/interaction/${uid}/abort">Cancel</a>`,
  )
}

function consentPage({ uid, params, session }: InteractionDetails): string {
  const [client, scope] = [params['client_id'], params['scope']].map((value) => escapeHtml(String(value)))
  return page(
    'Allow access',
    `<p>${escapeHtml(session?.accountId ?? '')}, may <strong>${client}</strong> act as you (${scope})?</p>
<form method="post" action="/interaction/${uid}"><input type="hidden" name="prompt" value="consent">
<button type="submit" autofocus>Allow</button></form><a href="/interaction/${uid}/abort">Cancel</a>`,
  )
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_FORM_BYTES) throw new RangeError('the form is too long')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

function send(response: ServerResponse, html: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
}

async function grantEverything(provider: Provider, details: InteractionDetails): Promise<string> {
  const { grantId, session, params, prompt } = details
  const owner = { accountId: session?.accountId ?? '', clientId: String(params['client_id']) }
  const kept = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant = kept ?? new provider.Grant(owner)
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details as {
    readonly missingOIDCScope?: readonly string[]
    readonly missingOIDCClaims?: readonly string[]
    readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
  }
  if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(' '))
  if (missingOIDCClaims !== undefined) grant.addOIDCClaims(missingOIDCClaims)
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '))
  }
  return grant.save()
}

/** Serves the pages on which people sign in, allow and refuse; gives `false` for a request that is for none of them. */
export function createSignInPages(
  provider: Provider,
  people: readonly IdentityPerson[],
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const finish = async (request: IncomingMessage, response: ServerResponse, result: object): Promise<void> =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: 'consent' in result })
  const submit = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const details = await provider.interactionDetails(request, response)
    const form = await readForm(request)
    if (details.prompt.name === 'consent') {
      return finish(request, response, { consent: { grantId: await grantEverything(provider, details) } })
    }
    const person = people.find(({ account }) => account === form.get('account'))
    if (person === undefined || form.get('password') !== passwordOf(person.account)) {
      return send(response, signInPage(details, people, true))
    }
    return finish(request, response, { login: { accountId: person.account } })
  }
  const show = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const details = await provider.interactionDetails(request, response)
    send(response, details.prompt.name === 'login' ? signInPage(details, people, false) : consentPage(details))
  }
  const abort = (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    finish(request, response, { error: 'access_denied', error_description: 'the person refused' })
  return (request, response) => {
    const [path, , isAbort] = INTERACTION.exec(request.url ?? '') ?? []
    if (path === undefined) return false
    const serve = isAbort !== undefined ? abort : request.method === 'POST' ? submit : show
    serve(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(400)
      response.end('this sign-in is over')
    })
    return true
  }
}

interface PageContext {
  body: string
  readonly oidc: { readonly client?: { readonly clientId: string } }
}

/** The pages of the device flow, as settings of oidc-provider: its own call for fonts from elsewhere. */
export const DEVICE_PAGES: Readonly<Record<string, (...args: never[]) => void>> = {
  userCodeInputSource: (context: PageContext, form: string, _code: unknown, error: unknown) => {
    const refusal = error === undefined ? '' : '<p>There is no sign-in under that code.</p>'
    context.body = page('Enter the code', `${refusal}${form}<button form="op.deviceInputForm">Continue</button>`)
  },
  userCodeConfirmSource: (context: PageContext, form: string, client: unknown, _device: unknown, code: string) => {
    const { clientId } = client as { readonly clientId: string }
    context.body = page(
      'Is this your code?',
      `<p>${escapeHtml(clientId)} shows <code>${escapeHtml(code)}</code></p>${form}
<button form="op.deviceConfirmForm" autofocus>Yes</button><button form="op.deviceConfirmForm" name="abort" value="yes">No</button>`,
    )
  },
  successSource: (context: PageContext) => {
    context.body = page('Signed in', '<p>You can close this page.</p>')
  },
}

/** Serves sign-in pages first, and everything else by the provider. */
export function servePagesBefore(
  pages: (request: IncomingMessage, response: ServerResponse) => boolean,
  provider: Provider,
): RequestListener {
  const rest = provider.callback()
  return (request, response) => void (pages(request, response) || rest(request, response))
}
