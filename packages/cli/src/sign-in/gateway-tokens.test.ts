import { Secret } from '@headgate/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  startTestControlPlane,
  type TestControlPlane,
} from '../../../gateway/src/control-plane/control-plane-fixture.ts'
import { type CommandFolder, createCommandFolder } from '../command-line-fixture.ts'
import { createCommandFetch } from '../gateway-http.ts'
import { exchangeToken } from './gateway-exchange.ts'
import { GatewayTokens } from './gateway-tokens.ts'

let plane: TestControlPlane
let folder: CommandFolder

beforeEach(async () => {
  plane = await startTestControlPlane()
  folder = createCommandFolder({ clock: plane.clock })
})
afterEach(async () => {
  folder.remove()
  await plane.close()
})

/** The session that a token of the gateway names. */
function sessionIn(token: Secret<string>): unknown {
  const [, claims = ''] = token.reveal().split('.')
  return JSON.parse(Buffer.from(claims, 'base64url').toString())['sid']
}

const fetch = createCommandFetch({ caPem: undefined, isPlaintextAllowed: true })

test('one command is one session over its tokens, and another one where somebody else has signed in', async () => {
  let subject = await plane.issuer.sign()
  const environment: Record<string, string> = {}
  Object.defineProperty(environment, 'HEADGATE_TOKEN', { get: () => subject, enumerable: true })
  // The fixture's gateway is found at its port, and calls itself by its public URL: exchanged tokens are of that.
  const gateway = { origin: plane.config.http.publicUrl, caPem: undefined, isPlaintextAllowed: true, isInsecure: true }
  const toPlane: typeof fetch = (url, request) => fetch(`${plane.url}${new URL(url).pathname}`, request)
  const io = { ...folder.io({}), environment }
  const tokens = new GatewayTokens(io, gateway, toPlane)
  const sessionNow = async (): Promise<unknown> => sessionIn((await tokens.current()).token)

  const first = await sessionNow()
  plane.clock.advance(200_000)
  expect(await sessionNow()).toBe(first)
  subject = await plane.issuer.sign({ sub: 'billing', client_id: 'billing' })
  plane.clock.advance(200_000)
  expect(await sessionNow()).not.toBe(first)
})

test('an exchange without an earlier token is a session of its own', async () => {
  const gateway = plane.config.http.publicUrl
  const toPlane: typeof fetch = (url, request) => fetch(`${plane.url}${new URL(url).pathname}`, request)
  const exchange = async (): Promise<unknown> => {
    const { token } = await exchangeToken(gateway, new Secret(await plane.issuer.sign()), toPlane, plane.clock)
    return sessionIn(token)
  }
  expect(await exchange()).not.toBe(await exchange())
})
