import { type BundleClaims, verifyBundle } from '@headgate/policy'
import type { World } from '@headgate/test/world'
import { decodeJwt, type JWTPayload } from 'jose'

/** What the service is given, and for what. The tokens themselves stay in here. */
export interface TokenExchange {
  /** What the identity provider says about the service. */
  readonly identityClaims: JWTPayload
  /** What the gateway says about it. */
  readonly gatewayClaims: JWTPayload
  readonly rights: BundleClaims
  /** The code with which rights that somebody changed on the way are refused. */
  readonly refusalOfChangedRights: string
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const CLIENT_ID = 'orders'

/** Does in the open what `@headgate/kafkajs` does when it connects; the gateway's authority must be trusted by `fetch`. */
export async function exchangeToken({ identity, httpUrl, files }: World): Promise<TokenExchange> {
  const identityToken = await identity.tokenFor(CLIENT_ID)
  const form = { grant_type: EXCHANGE, subject_token: identityToken, subject_token_type: ACCESS_TOKEN }
  const exchange = await answerOf(await fetch(`${httpUrl}/token`, { method: 'POST', body: new URLSearchParams(form) }))
  const { access_token: gatewayToken } = (await exchange.json()) as { access_token: string }
  const authorization = `Bearer ${gatewayToken}`
  const signed = await (await answerOf(await fetch(`${httpUrl}/v1/bundle`, { headers: { authorization } }))).text()
  const served = await answerOf(await fetch(`${httpUrl}/.well-known/headgate-bundle-keys`))
  const { keys } = (await served.json()) as { keys: [] }
  const expected = { keys, thumbprints: [files.bundleKeyThumbprint], audience: CLIENT_ID, cluster: 'demo' }
  const verify = async (bundle: string) => verifyBundle(bundle, { ...expected, nowUnixMs: Date.now() })
  return {
    identityClaims: decodeJwt(identityToken),
    gatewayClaims: decodeJwt(gatewayToken),
    rights: (await verify(signed)).claims,
    refusalOfChangedRights: await verify(changed(signed)).then(
      () => 'none',
      ({ code }) => code,
    ),
  }
}

async function answerOf(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.url}: answered ${response.status}`)
  return response
}

/** The same rights with another topic in them, under the old signature. */
function changed(bundle: string): string {
  const [header, payload = '', signature] = bundle.split('.')
  const claims = Buffer.from(payload, 'base64url').toString().replaceAll('"orders"', '"audit-log"')
  return [header, Buffer.from(claims).toString('base64url'), signature].join('.')
}
