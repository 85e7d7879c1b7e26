import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { PEOPLE } from './people.ts'
import { goThroughSignIn, signInPerson } from './sign-in-person.ts'

let identity: IdentityProvider

beforeAll(async () => {
  identity = await startIdentityProvider({ clients: [], audience: 'headgate' })
})
afterAll(() => identity?.close())

interface DeviceAnswer {
  readonly device_code: string
  readonly verification_uri_complete: string
}

async function startDeviceFlow(): Promise<DeviceAnswer> {
  const body = new URLSearchParams({ client_id: identity.loginClientId, scope: 'openid offline_access kafka' })
  return (await (await fetch(`${identity.issuer}/device/auth`, { method: 'POST', body })).json()) as DeviceAnswer
}

async function poll(deviceCode: string): Promise<Readonly<Record<string, unknown>>> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: identity.loginClientId,
    device_code: deviceCode,
  })
  return (await (await fetch(identity.tokenEndpoint, { method: 'POST', body })).json()) as Record<string, unknown>
}

test('each person is named in her access token, with her groups', async () => {
  for (const { account, groups } of PEOPLE) {
    const token = await signInPerson(identity, account)
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({ sub: account, groups, aud: 'headgate', client_id: 'headgate-cli' })
  }
})

test('somebody who is not known is not signed in', async () => {
  await expect(signInPerson(identity, 'mallory')).rejects.toThrow('too many pages')
})

test('a person on another device gives the waiting one her token and a refresh token', async () => {
  const device = await startDeviceFlow()
  expect(await poll(device.device_code)).toMatchObject({ error: 'authorization_pending' })

  const { text } = await goThroughSignIn(device.verification_uri_complete, 'grace')

  expect(text).toContain('You can close this page')
  const answer = await poll(device.device_code)
  expect(answer).toMatchObject({ refresh_token: expect.any(String), id_token: expect.any(String) })
  expect(decodeJwt(String(answer['access_token']))).toMatchObject({ sub: 'grace', aud: 'headgate' })
})

test.each(['cancel', 'deny'] as const)('a person who says no (%s) is told of as one', async (refuses) => {
  const device = await startDeviceFlow()
  await goThroughSignIn(device.verification_uri_complete, 'grace', { refuses })

  expect(await poll(device.device_code)).toMatchObject({ error: 'access_denied' })
})
