import { type BundleClaims, operationName } from '@headgate/policy'
import { check, type Step } from '../step.ts'
import { paragraph, table } from '../terminal.ts'
import { exchangeToken, type TokenExchange } from '../token-exchange.ts'

/** The token exchange, and what the signed bundle allows. */
export const exchangeStep: Step = {
  title: 'The token exchange, and what the service may do',
  claim: 'a short-lived token and signed rights take the place of a password',
  run: async ({ world }) => {
    paragraph(
      'The service asks its identity provider for a token and exchanges it at the gateway for one that only the gateway takes. With it the gateway gives a bundle: the rights of this one service, signed.',
    )
    const exchange = await exchangeToken(world)
    const { identityClaims, gatewayClaims, rights, refusalOfChangedRights } = exchange
    showTokens(exchange)
    showRights(rights)
    paragraph(`It is signed by the key ${world.files.bundleKeyThumbprint}, which the service was told to trust.`)
    check('the gateway speaks of the same service as the identity provider', gatewayClaims.sub === identityClaims.sub)
    check(
      "its token does not outlive the identity provider's",
      (gatewayClaims.exp ?? Infinity) <= (identityClaims.exp ?? 0),
    )
    const foreign = rights.residual.rules.filter(({ id }) => !id.startsWith('orders-service-'))
    check("the bundle holds this service's rules and nobody else's", foreign.length === 0 && isNotEmpty(rights))
    check(
      `a bundle that somebody changed is refused (${refusalOfChangedRights})`,
      refusalOfChangedRights === 'ERR_POLICY_BUNDLE_SIGNATURE',
      refusalOfChangedRights,
    )
  },
}

function isNotEmpty({ residual }: BundleClaims): boolean {
  return residual.rules.some(({ scopes }) => scopes.length > 0)
}

function showTokens({ identityClaims: before, gatewayClaims: after }: TokenExchange): void {
  const list = (value: unknown): string => [value ?? '-'].flat().join(', ')
  table(
    [
      ['', "identity provider's token", "gateway's token"],
      ['issued by', list(before.iss), list(after.iss)],
      ['subject (who)', list(before.sub), list(after.sub)],
      ['groups', list(before['groups']), list(after['groups'])],
      ['audience (for)', list(before.aud), list(after.aud)],
      ['good for', timeLeft((before.exp ?? 0) * 1000), timeLeft((after.exp ?? 0) * 1000)],
    ],
    'head',
  )
}

function showRights({ residual, revision, expiresAtUnixMs, ...rights }: BundleClaims): void {
  const rows = new Map<string, { readonly start: string[]; readonly operations: string[] }>()
  for (const { id, effect, scopes } of residual.rules) {
    for (const { resourceType, names, operation } of scopes) {
      const start = [resourceType, names.join(', '), effect]
      const row = rows.get([...start, id].join()) ?? { start, operations: [] }
      row.operations.push(operationName(operation))
      rows.set([...start, id].join(), row)
    }
  }
  const body = [...rows].map(([key, { start, operations }]) => [
    ...start,
    operations.join(', '),
    key.split(',').at(-1) ?? '',
  ])
  paragraph(
    `The bundle, policy revision ${revision}, for \`${rights.audience}\` on cluster \`${rights.cluster}\`, ends in ${timeLeft(expiresAtUnixMs)}:`,
  )
  table([['resource', 'name', 'effect', 'operations', 'rule'], ...body], 'head')
}

function timeLeft(unixMs: number): string {
  return `${((unixMs - Date.now()) / 60_000).toFixed(1)} minutes`
}
