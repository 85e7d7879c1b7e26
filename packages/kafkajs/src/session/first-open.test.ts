import { systemClock } from '@headgate/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { IdentitySource } from '../identity/identity-source.ts'
import { tokenCallback } from '../identity/token-callback.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { GatewaySession } from './gateway-session.ts'

const METADATA = '/.well-known/oauth-authorization-server'

let gateway: GatewayStandIn
beforeEach(async () => {
  gateway = await startGatewayStandIn()
})
afterEach(() => gateway.http.close())

function sessionOf(identity: IdentitySource): GatewaySession {
  const bundleKeys = [gateway.key.thumbprint]
  const options = { gateway: new URL(gateway.http.origin), bundleKeys, identity, ca: undefined, insecure: true }
  const observer = { policyChanged: () => {}, renewalFailed: () => {} }
  return new GatewaySession({ resolve: () => options, clock: systemClock, observer })
}

/** A place where two meet: each waits for the other. */
function createMeeting(): () => Promise<void> {
  let first: (() => void) | undefined
  return () => {
    first?.()
    return first === undefined ? new Promise((resolve) => (first = resolve)) : Promise.resolve()
  }
}

test('the provider and the gateway are asked at the same time, each once', async () => {
  const meet = createMeeting()
  gateway.http.routes.set(METADATA, async () => {
    await meet()
    return { json: gateway.metadata }
  })
  let asked = 0
  const session = sessionOf(
    tokenCallback(async () => {
      asked += 1
      await meet()
      return 'subject'
    }),
  )
  await session.open()

  expect(session.isOpen()).toBe(true)
  const paths = [METADATA, '/keys', '/token', '/v1/bundle']
  expect([asked, ...paths.map((path) => gateway.count(path))]).toEqual([1, 1, 1, 1, 1])
})

test('a client opens one connection to the gateway, which then waits for another policy', async () => {
  gateway.pushes = true
  const session = sessionOf(tokenCallback(() => 'subject'))
  await session.open()
  session.retain(gateway)

  await expect.poll(() => gateway.waiting).toBe(1)
  session.release(gateway)
  expect(gateway.http.connections).toBe(1)
})

test('keys that cannot be had beforehand are had with the policy', async () => {
  let asked = 0
  gateway.http.routes.set('/keys', () => {
    asked += 1
    return asked === 1 ? { status: 503 } : { json: { keys: gateway.keys } }
  })
  const session = sessionOf(tokenCallback(() => 'subject'))
  await session.open()

  expect([session.isOpen(), asked]).toEqual([true, 2])
})

test('where neither answers, the gateway is what is told, and the next try asks both again', async () => {
  let asked = 0
  const session = sessionOf(
    tokenCallback(() => {
      asked += 1
      return asked === 1 ? Promise.reject(new Error('away')) : 'subject'
    }),
  )
  gateway.instead.set(METADATA, { status: 404 })
  await expect(session.open()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_ANSWER' })
  gateway.instead.clear()
  await session.open()

  expect([session.isOpen(), asked]).toEqual([true, 2])
})

test('an identity that could not be had is told when the gateway has answered, and had by the next try', async () => {
  let asked = 0
  const session = sessionOf(
    tokenCallback(() => {
      asked += 1
      return asked === 1 ? Promise.reject(new Error('away')) : 'subject'
    }),
  )
  await expect(session.open()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_IDENTITY_UNAVAILABLE' })
  await session.open()

  expect([session.isOpen(), asked, gateway.count(METADATA)]).toEqual([true, 2, 1])
})
