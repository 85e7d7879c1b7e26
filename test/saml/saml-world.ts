import { createPublicKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SamlIssuerConfig } from '../../packages/gateway/src/config/issuer-config.ts'
import {
  EXCHANGE,
  startTestControlPlane,
  type TestControlPlane,
  type TestSurroundings,
} from '../../packages/gateway/src/control-plane/control-plane-fixture.ts'
import {
  createSamlIssuer,
  encodeAssertion,
  type SamlAssertionOptions,
  type SamlIssuer,
} from '../../packages/testkit/src/identity/saml-issuer.ts'

/** The gateway's name for itself, and where assertions are exchanged. */
export const AUDIENCE = 'https://gateway.example'
/** The token endpoint's URL. */
export const RECIPIENT = `${AUDIENCE}/token`

/** What an exchange was answered. */
export interface ExchangeOutcome {
  readonly status: number
  readonly error?: string
  readonly token?: string
  /** The code that was logged with the refusal. */
  readonly code?: string
  readonly description?: string
}

/** A gateway's HTTP side that takes assertions of two issuers. */
export interface SamlWorld {
  readonly plane: TestControlPlane
  /** Configured as `mesh`. */
  readonly issuer: SamlIssuer
  /** Configured as `partner`. */
  readonly other: SamlIssuer
  /** Makes a good assertion of `issuer`, with changes. */
  assert(changes?: Partial<SamlAssertionOptions>, by?: SamlIssuer): string
  /** Exchanges the XML of an assertion. */
  exchange(xml: string): Promise<ExchangeOutcome>
  /** Exchanges any text as a SAML subject token. */
  exchangeToken(token: string): Promise<ExchangeOutcome>
  close(): Promise<void>
}

/** The configuration of an issuer as the tests use it. */
export function samlIssuerConfig(name: string, issuer: SamlIssuer, nextKeyOf?: SamlIssuer): SamlIssuerConfig {
  const keys = [issuer, ...(nextKeyOf === undefined ? [] : [nextKeyOf])]
  return {
    name,
    entityId: issuer.entityId,
    keys: keys.map(({ publicKeyPem }) => createPublicKey(publicKeyPem)),
    audiences: [AUDIENCE],
    nameIdFormats: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
    groupsAttribute: 'groups',
    groups: { aliases: new Map([['0b2c', 'leads']]), assertable: undefined },
    kind: undefined,
    claims: { zone: 'urn:zone' },
    maxAgeSeconds: 300,
  }
}

const POLICY =
  'rules: [{ id: mesh-writes, who: { issuers: [mesh], groups: [producers] }, may: { produce: [orders] } }]\n'

/** Starts a gateway's HTTP side with issuers of assertions, under a policy that says whose groups it means. */
export async function startSamlPlane(
  samlIssuers: readonly SamlIssuerConfig[],
  surroundings: TestSurroundings = {},
): Promise<TestControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-saml-'))
  const path = join(folder, 'policy.yaml')
  await writeFile(path, POLICY)
  const plane = await startTestControlPlane({ samlIssuers, policy: { path, reloadSeconds: 0 } }, surroundings)
  const close = async (): Promise<void> => {
    await plane.close()
    await rm(folder, { recursive: true })
  }
  return { ...plane, close }
}

/** Starts it; the issuers' keys are new. */
export async function startSamlWorld(
  surroundings: TestSurroundings = {},
  issuers: readonly [SamlIssuer, SamlIssuer] = createIssuers(),
): Promise<SamlWorld> {
  const [issuer, other] = issuers
  const samlIssuers = [samlIssuerConfig('mesh', issuer), samlIssuerConfig('partner', other)]
  const plane = await startSamlPlane(samlIssuers, surroundings)
  const exchangeToken = async (token: string): Promise<ExchangeOutcome> => {
    const before = plane.lines.length
    const response = await plane.exchange({
      ...EXCHANGE,
      subject_token_type: 'urn:ietf:params:oauth:token-type:saml2',
      subject_token: token,
    })
    const body = (await response.json()) as { error?: string; error_description?: string; access_token?: string }
    const code = plane.lines.slice(before).find(({ decision }) => decision === 'deny')?.code
    return {
      status: response.status,
      ...(body.error === undefined ? {} : { error: body.error }),
      ...(body.error_description === undefined ? {} : { description: body.error_description }),
      ...(body.access_token === undefined ? {} : { token: body.access_token }),
      ...(code === undefined ? {} : { code }),
    }
  }
  return {
    ...{ plane, issuer, other, exchangeToken },
    assert: (changes = {}, by = issuer) =>
      by.assert({
        subject: 'orders',
        groups: ['producers'],
        audience: AUDIENCE,
        recipient: RECIPIENT,
        issuedAtUnixMs: plane.clock.nowUnixMs(),
        ...changes,
      }),
    exchange: (xml) => exchangeToken(encodeAssertion(xml)),
    close: () => plane.close(),
  }
}

/** Two issuers with new keys. */
export function createIssuers(): [SamlIssuer, SamlIssuer] {
  return [createSamlIssuer('https://idp.example/saml'), createSamlIssuer('https://partner.example/saml')]
}
