import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestControlPlane, type TestControlPlane } from '../../gateway/src/control-plane/control-plane-fixture.ts'
import { testGatewayConfig } from '../../gateway/src/identity/token-fixture.ts'
import { type CommandFolder, createCommandFolder } from './command-line-fixture.ts'

let plane: TestControlPlane
let folder: CommandFolder

beforeEach(async () => {
  const { tokens } = testGatewayConfig([])
  plane = await startTestControlPlane({ tokens: { ...tokens, revokers: [{ issuer: 'corp', group: 'security' }] } })
  folder = createCommandFolder({ clock: plane.clock })
})
afterEach(async () => {
  folder.remove()
  await plane.close()
})

async function revoke(groups: readonly string[], ...args: string[]): ReturnType<CommandFolder['runWith']> {
  const token = await plane.issuer.sign({ sub: 'grace', client_id: 'grace', groups })
  return folder.runWith({ HEADGATE_TOKEN: token, HEADGATE_GATEWAY: plane.url }, 'sessions', 'revoke', ...args)
}
function sessionOf(token: string): string {
  const [, claims = ''] = token.split('.')
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sid: string }).sid
}
const statusOf = async (token: string): Promise<number> =>
  (await fetch(`${plane.url}/v1/bundle`, { headers: { authorization: `Bearer ${token}` } })).status

test('a session is ended by its id, by whoever may', async () => {
  const token = await plane.gatewayToken()
  const id = sessionOf(token)
  expect(await statusOf(token)).toBe(200)
  const refused = await revoke(['engineers'], id)
  expect(refused).toMatchObject({ exitCode: 1, error: expect.stringContaining('tokens.revokers') })
  expect(await statusOf(token)).toBe(200)
  expect(await revoke(['security'], id)).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining(`${id} is revoked`),
  })
  expect(await statusOf(token)).toBe(401)
  expect(await revoke(['security'], id, '--json')).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('"revoked":true'),
  })
})
