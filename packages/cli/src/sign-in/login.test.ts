import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CommandFolder, createCommandFolder } from '../command-line-fixture.ts'
import {
  HurriedClock,
  idClaims,
  type StubServer,
  startStubGateway,
  startStubIssuer,
  tokensNumbered,
  unsignedToken,
} from './sign-in-fixture.ts'

let issuer: StubServer
let gateway: StubServer
let folder: CommandFolder
let clock: HurriedClock
let opened: (url: URL) => void
let environment: Record<string, string>

beforeEach(async () => {
  issuer = await startStubIssuer()
  gateway = await startStubGateway(issuer.url)
  opened = () => {}
  environment = { HEADGATE_GATEWAY: gateway.url }
  clock = new HurriedClock()
  folder = createCommandFolder({
    clock,
    onError: (text) => {
      const address = /https?:\/\/\S+\/(?:authorize|go)\S*/.exec(text)
      if (address !== null) opened(new URL(address[0]))
    },
  })
})
afterEach(async () => {
  folder.remove()
  await Promise.all([issuer.close(), gateway.close()])
})

const run = (...args: string[]): ReturnType<CommandFolder['run']> => folder.runWith(environment, ...args)
const signIns = (): string => join(folder.path, 'config/headgate/sign-ins')
const savedFiles = (): string[] => (existsSync(signIns()) ? readdirSync(signIns()) : [])
const codeIn = (text: string): string | undefined => /\((ERR_\w+)\)/.exec(text)?.[1]

/** The browser of a person who comes back from the identity provider with these parameters, and those of the request. */
function comeBackWith(parameters: (request: URLSearchParams) => Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    opened = (url) => {
      const redirect = new URL(url.searchParams.get('redirect_uri') ?? '')
      for (const [name, value] of Object.entries(parameters(url.searchParams))) redirect.searchParams.set(name, value)
      void fetch(redirect).then(({ status }) => resolve(status))
    }
  })
}

const rightly = (request: URLSearchParams): Record<string, string> => ({
  code: 'code-secret',
  state: request.get('state') ?? '',
  iss: issuer.url,
})

/** Lets `/token` answer with an ID token of the nonce that the request of this sign-in carried. */
function answerWithIdToken(
  change: (claims: Record<string, unknown>) => Record<string, unknown> = (same) => same,
): void {
  let nonce: string | null = null
  const open = opened
  opened = (url) => {
    nonce = url.searchParams.get('nonce')
    open(url)
  }
  issuer.answers.set('/token', () => ({
    body: { ...tokensNumbered(1), id_token: unsignedToken(change({ ...idClaims(issuer.url, 'headgate-cli'), nonce })) },
  }))
}

describe('by device', () => {
  test('the gateway’s address is all that has to be typed; what is saved is for its owner only', async () => {
    let polls = 0
    issuer.answers.set('/token', () => {
      polls += 1
      return polls < 3 ? { status: 400, body: { error: 'authorization_pending' } } : { body: tokensNumbered(1) }
    })
    const outcome = await run('login')

    expect(outcome).toMatchObject({ exitCode: 0, out: expect.stringContaining('as ada of corp, groups engineers') })
    expect(outcome.error).toContain(`${issuer.url}/go`)
    expect(outcome.error).toContain('ABCD-EFGH')
    expect(outcome.out + outcome.error).not.toContain('secret')
    const [file = ''] = savedFiles()
    expect(savedFiles()).toHaveLength(1)
    expect(statSync(join(signIns(), file)).mode & 0o777).toBe(0o600)
    expect(statSync(signIns()).mode & 0o777).toBe(0o700)
    const started = issuer.requests.find(({ path }) => path === '/device')
    expect(Object.fromEntries(started?.form ?? [])).toEqual({ client_id: 'headgate-cli', scope: 'openid kafka' })
  })

  test('the pace is the identity provider’s: told to slow down, it does', async () => {
    let polls = 0
    issuer.answers.set('/token', () => {
      polls += 1
      return polls === 1 ? { status: 400, body: { error: 'slow_down' } } : { body: tokensNumbered(1) }
    })
    await run('login')
    expect(clock.waits).toEqual([5_000, 10_000])
  })

  test('a connection that is lost while the person signs in ends nothing', async () => {
    let polls = 0
    issuer.answers.set('/token', () => {
      polls += 1
      return polls === 1 ? { isCut: true } : { body: tokensNumbered(1) }
    })
    expect((await run('login')).exitCode).toBe(0)
    expect(clock.waits).toEqual([5_000, 10_000])
  })

  test('a browser is opened when it is asked for, by the program of BROWSER', async () => {
    const noted = join(folder.path, 'opened')
    writeFileSync(join(folder.path, 'browser'), `#!/bin/sh\necho "$@" > ${noted}\n`, { mode: 0o700 })
    await folder.runWith({ ...environment, BROWSER: join(folder.path, 'browser') }, 'login', '--browser')
    await vi.waitUntil(() => existsSync(noted) && readFileSync(noted, 'utf8') !== '')
    expect(readFileSync(noted, 'utf8')).toBe(`${issuer.url}/go\n`)
  })

  test.each([
    ['denied consent', 'access_denied', 'ERR_CLI_LOGIN_DENIED'],
    ['an expired code', 'expired_token', 'ERR_CLI_LOGIN_EXPIRED'],
    ['a client that is not known', 'invalid_client', 'ERR_CLI_LOGIN_REFUSED'],
    ['a word that is none', 'Bad <b>thing', 'ERR_CLI_LOGIN_REFUSED'],
  ])('%s', async (_name, error, code) => {
    issuer.answers.set('/token', () => ({ status: 400, body: { error, error_description: 'quoting access-secret' } }))
    const outcome = await run('login')

    expect(outcome).toMatchObject({ exitCode: 1, out: '' })
    expect(codeIn(outcome.error)).toBe(code)
    expect(outcome.error).not.toMatch(/secret|<b>/)
    expect(savedFiles()).toEqual([])
  })

  test('a code that nobody uses in its time, at an issuer that does not say so', async () => {
    issuer.answers.set('/device', () => ({
      body: { device_code: 'd', user_code: 'A', verification_uri: `${issuer.url}/go`, expires_in: 6 },
    }))
    issuer.answers.set('/token', () => ({ status: 400, body: { error: 'authorization_pending' } }))
    expect(codeIn((await run('login')).error)).toBe('ERR_CLI_LOGIN_EXPIRED')
  })
})

describe('by code', () => {
  test('PKCE, state, nonce and the loopback redirect; the browser is told how it ended', async () => {
    const status = comeBackWith(rightly)
    answerWithIdToken()
    const outcome = await run('login', '--flow', 'code')

    expect({ ...outcome, status: await status }).toMatchObject({ exitCode: 0, status: 200 })
    const redeemed = issuer.requests.find(({ path }) => path === '/token')?.form
    expect(Object.fromEntries(redeemed ?? [])).toEqual({
      client_id: 'headgate-cli',
      grant_type: 'authorization_code',
      code: 'code-secret',
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
    })
  })

  test.each([
    ['another state', (right: Record<string, string>) => ({ ...right, state: 'x' }), 'ERR_CLI_LOGIN_ANSWER'],
    ['no state', ({ code = '', iss = '' }) => ({ code, iss }), 'ERR_CLI_LOGIN_ANSWER'],
    [
      'another issuer',
      (right: Record<string, string>) => ({ ...right, iss: 'https://evil.example' }),
      'ERR_CLI_LOGIN_ANSWER',
    ],
    ['no issuer where one is announced', ({ code = '', state = '' }) => ({ code, state }), 'ERR_CLI_LOGIN_ANSWER'],
    [
      'denied consent',
      ({ state = '', iss = '' }) => ({ state, iss, error: 'access_denied', error_description: 'x' }),
      'ERR_CLI_LOGIN_DENIED',
    ],
  ] as const)('%s is not taken, and no code is redeemed', async (_name, change, code) => {
    const status = comeBackWith((request) => change(rightly(request)))
    const outcome = await run('login', '--flow', 'code')

    expect(codeIn(outcome.error)).toBe(code)
    expect(outcome).toMatchObject({ exitCode: 1, out: '' })
    expect(await status).toBe(400)
    expect(issuer.requests.filter(({ path }) => path === '/token')).toEqual([])
  })

  test.each([
    ['another nonce', (claims: Record<string, unknown>) => ({ ...claims, nonce: 'x' })],
    [
      'an ID token of another issuer',
      (claims: Record<string, unknown>) => ({ ...claims, iss: 'https://evil.example' }),
    ],
    ['an ID token for another client', (claims: Record<string, unknown>) => ({ ...claims, aud: 'other' })],
  ])('%s is not taken', async (_name, change) => {
    void comeBackWith(rightly)
    answerWithIdToken(change)
    const outcome = await run('login', '--flow', 'code')

    expect(codeIn(outcome.error)).toBe('ERR_CLI_LOGIN_ANSWER')
    expect(outcome.error).not.toContain('secret')
    expect(savedFiles()).toEqual([])
  })

  test('nobody comes back', async () => {
    const outcome = await folder.runWith({ ...environment }, 'login', '--flow', 'code', '--json')
    expect(JSON.parse(outcome.out)).toMatchObject({ ok: false, code: 'ERR_CLI_LOGIN_EXPIRED' })
  })
})

describe('where to sign in', () => {
  const offer = (...logins: object[]): void => {
    const body = { issuer: gateway.url, headgate_cluster: 'orders-prod', headgate_logins: logins }
    gateway.answers.set('/.well-known/oauth-authorization-server', () => ({ body }))
  }
  const corp = (): object => ({ name: 'corp', issuer: issuer.url, client_id: 'cli', scopes: ['a'] })

  test('options go before what the gateway names', async () => {
    offer(corp(), { name: 'partner', issuer: 'https://partner.example', client_id: 'x', scopes: [] })
    const outcome = await run('login', '--issuer', 'corp', '--client-id', 'mine', '--scope', 'openid', 'profile')

    expect(outcome.exitCode).toBe(0)
    const { form } = issuer.requests.find(({ path }) => path === '/device') ?? {}
    expect(Object.fromEntries(form ?? [])).toEqual({ client_id: 'mine', scope: 'openid profile' })
  })

  test('a choice that has to be made, nothing to choose from, or an issuer in plaintext', async () => {
    offer(corp(), { name: 'partner', issuer: 'https://partner.example', client_id: 'x', scopes: [] })
    expect((await run('login')).error).toContain('offers `corp`, `partner`')
    offer()
    expect(codeIn((await run('login')).error)).toBe('ERR_CLI_LOGIN_UNKNOWN')
    offer({ ...corp(), issuer: 'http://idp.example' })
    expect(codeIn((await run('login')).error)).toBe('ERR_CLI_LOGIN_UNKNOWN')
  })

  test('what is no gateway, another gateway, or not there', async () => {
    gateway.answers.set('/.well-known/oauth-authorization-server', () => ({ body: '<html>' }))
    expect(codeIn((await run('login')).error)).toBe('ERR_CLI_GATEWAY_ANSWER')
    gateway.answers.set('/.well-known/oauth-authorization-server', () => ({
      body: { issuer: 'https://other.example', headgate_cluster: 'a' },
    }))
    expect(codeIn((await run('login')).error)).toBe('ERR_CLI_GATEWAY_ANSWER')
    expect(codeIn((await run('login', '--gateway', 'http://127.0.0.1:1')).error)).toBe('ERR_CLI_UNREACHABLE')
  })

  test('a gateway that does not take the token: nothing is saved', async () => {
    const body = { error: 'invalid_request', error_description: 'token: its audience is not this gateway' }
    gateway.answers.set('/token', () => ({ status: 400, body }))
    const outcome = await run('login')

    expect(outcome.error).toContain('its audience is not this gateway (ERR_CLI_EXCHANGE_REFUSED)')
    expect(savedFiles()).toEqual([])
  })
})

describe('a saved sign-in', () => {
  test('whoami and logout', async () => {
    expect(codeIn((await run('whoami')).error)).toBe('ERR_CLI_NOT_SIGNED_IN')
    await run('login')
    const outcome = await run('whoami', '--json')
    expect(JSON.parse(outcome.out)).toEqual({
      ok: true,
      gateway: gateway.url,
      issuer: 'corp',
      subject: 'ada',
      groups: ['engineers'],
      tokenExpiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      isRenewed: true,
      expiresAt: null,
    })
    expect((await run('logout')).out).toContain('the identity provider has forgotten it')
    expect(issuer.requests.at(-1)?.form.get('token')).toBe('refresh-secret-1')
    expect(savedFiles()).toEqual([])
    expect((await run('logout')).out).toContain('nobody was signed in')
  })

  test('is renewed once half of its life has gone by, once for commands at the same time', async () => {
    issuer.answers.set('/token', ({ form }) => {
      const isRefresh = form.get('grant_type') === 'refresh_token'
      if (isRefresh && form.get('refresh_token') !== 'refresh-secret-1')
        return { status: 400, body: { error: 'invalid_grant' } }
      return { body: isRefresh ? tokensNumbered(2) : tokensNumbered(1) }
    })
    await run('login')
    clock.advance(151_000)
    const outcomes = await Promise.all([run('whoami'), run('whoami'), run('whoami')])

    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect(issuer.requests.filter(({ form }) => form.get('grant_type') === 'refresh_token')).toHaveLength(1)
    expect(gateway.requests.at(-1)?.form.get('subject_token')).toBe('access-secret-2')
    expect(savedFiles().filter((name) => !name.endsWith('.json'))).toEqual([])
  })

  test('that cannot be renewed any more says to sign in again', async () => {
    issuer.answers.set('/token', ({ form }) =>
      form.get('grant_type') === 'refresh_token'
        ? { status: 400, body: { error: 'invalid_grant' } }
        : { body: tokensNumbered(1) },
    )
    await run('login')
    clock.advance(301_000)
    expect(codeIn((await run('whoami')).error)).toBe('ERR_CLI_SIGN_IN_ENDED')
  })

  test('that others may read, or that is broken, is not used', async () => {
    await run('login')
    const [file = ''] = savedFiles()
    const path = join(signIns(), file)
    chmodSync(path, 0o644)
    expect((await run('whoami')).error).toContain('others may read it')
    chmodSync(path, 0o600)
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40))
    expect((await run('whoami')).error).toContain('it is broken')
    expect((await run('logout')).exitCode).toBe(0)
    expect(savedFiles()).toEqual([])
  })

  test('goes after a token that the environment gives', async () => {
    await run('login')
    environment = { ...environment, HEADGATE_TOKEN: 'given.access.token' }
    await run('whoami')
    expect(gateway.requests.at(-1)?.form.get('subject_token')).toBe('given.access.token')
  })
})
