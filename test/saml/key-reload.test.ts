import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from '../../packages/gateway/src/config/config-fixture.ts'
import { loadGatewayConfig } from '../../packages/gateway/src/config/load-config.ts'
import { ConfigReload } from '../../packages/gateway/src/control-plane/config-reload.ts'
import { collectLog, type LoggedLine } from '../../packages/gateway/src/control-plane/control-plane-fixture.ts'
import { createAuthenticator, type OwnedAuthenticator } from '../../packages/gateway/src/identity/authenticator.ts'
import { TestClock } from '../../packages/gateway/src/identity/token-fixture.ts'
import { createSamlIssuer, encodeAssertion, type SamlIssuer } from '../../packages/testkit/src/identity/saml-issuer.ts'

const ENTITY = 'https://idp.example/saml'
const ISSUER = `samlIssuers:
  - { name: mesh, entityId: "${ENTITY}", certificates: { current: mesh.pem } }
`
let folder: ConfigFolder
let clock: TestClock
let lines: LoggedLine[]
let authenticator: OwnedAuthenticator
let reload: ConfigReload
const [before, after] = [createSamlIssuer(ENTITY), createSamlIssuer(ENTITY, 'ec')]

beforeEach(async () => {
  folder = await createConfigFolder()
  folder.write('mesh.pem', before.publicKeyPem)
  folder.write('gateway.yaml', folder.sound + ISSUER)
  const load = () => loadGatewayConfig(folder.configPath, { environment: { LEDGER_PASSWORD: 'x' } })
  const result = load()
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const { log, lines: collected } = collectLog()
  clock = new TestClock()
  lines = collected
  authenticator = createAuthenticator({ config: result.config, log, clock })
  reload = new ConfigReload({ config: result.config, takers: [authenticator], load, log, clock })
})
afterEach(async () => {
  reload.close()
  await authenticator.close()
  folder.remove()
})

/** What comes of an assertion: its subject, or the code of the refusal. */
function outcomeOf(issuer: SamlIssuer): Promise<string> {
  const url = 'https://localhost:18080'
  const xml = issuer.assert({
    ...{ subject: 'orders', audience: url, recipient: `${url}/token`, issuedAtUnixMs: clock.nowUnixMs() },
    ...(issuer === after && { signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256' }),
  })
  return authenticator.verifySubjectToken({ type: 'saml2', token: encodeAssertion(xml) }).then(
    ({ principal }) => principal.subject,
    ({ code }) => code,
  )
}

test('another certificate of an issuer counts when its file has changed, without a restart', async () => {
  expect([await outcomeOf(before), await outcomeOf(after)]).toEqual(['orders', 'ERR_GATEWAY_SAML_SIGNATURE'])
  folder.write('mesh.pem', after.publicKeyPem)
  clock.advance(10_000)
  expect(lines).toMatchObject([{ event: 'assertion-keys', issuer: 'mesh', count: 1 }])
  expect([await outcomeOf(before), await outcomeOf(after)]).toEqual(['ERR_GATEWAY_SAML_SIGNATURE', 'orders'])
})

test('a next one is named in the config, and a file that is broken leaves all as it was', async () => {
  folder.write('next.pem', 'no certificate')
  const next = ISSUER.replace('mesh.pem }', 'mesh.pem, next: next.pem }')
  folder.write('gateway.yaml', folder.sound + next)
  clock.advance(10_000)
  expect(lines).toMatchObject([{ level: 'error', event: 'config-refused', code: 'ERR_GATEWAY_CONFIG_PEM_INVALID' }])
  expect([await outcomeOf(before), await outcomeOf(after)]).toEqual(['orders', 'ERR_GATEWAY_SAML_SIGNATURE'])
  folder.write('next.pem', after.publicKeyPem)
  clock.advance(10_000)
  expect([await outcomeOf(before), await outcomeOf(after)]).toEqual(['orders', 'orders'])
})

test('an issuer that the config has newly waits for a restart', async () => {
  folder.write('gateway.yaml', folder.sound + ISSUER.replace(ENTITY, 'https://other.example/saml'))
  clock.advance(10_000)
  expect(await outcomeOf(before)).toBe('orders')
})
