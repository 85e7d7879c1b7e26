import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import {
  addGatewayOptions,
  type GatewayAddress,
  type GatewayAddressOptions,
  resolveGateway,
} from '../gateway-address.ts'
import { createCommandFetch } from '../gateway-http.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'
import { revokeSignIn } from '../sign-in/revoke-sign-in.ts'
import { type SavedSignIn, SavedSignIns } from '../sign-in/saved-sign-ins.ts'

type LogoutOptions = ReportOptions & GatewayAddressOptions

/** What nobody can read any more can still be removed. */
function readIfSound(store: SavedSignIns, gateway: string): SavedSignIn | undefined {
  try {
    return store.read(gateway)
  } catch {
    return undefined
  }
}

async function revoke(signIn: SavedSignIn | undefined, gateway: GatewayAddress): Promise<boolean> {
  if (signIn === undefined) return false
  try {
    return await revokeSignIn(signIn, gateway, createCommandFetch(gateway))
  } catch {
    return false
  }
}

async function runLogout(io: CommandIo, options: LogoutOptions): Promise<ExitCode> {
  try {
    const gateway = resolveGateway(io, options)
    const { origin } = gateway
    const store = new SavedSignIns(io)
    const [wasSignedIn, isRevoked] = await store.withLock(origin, async () => {
      const signIn = readIfSound(store, origin)
      // First here, whatever the identity provider says or does not say.
      return [store.remove(origin), await revoke(signIn, gateway)]
    })
    const told = isRevoked ? ', and the identity provider has forgotten it' : ''
    const words = wasSignedIn ? `signed out at ${origin}${told}` : `nobody was signed in at ${origin}`
    return reportResult(io, { gateway: origin, wasSignedIn, isRevoked }, words, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate logout [--gateway <url>]` */
export const defineLogout: CommandDefinition = (parent, select) => {
  addGatewayOptions(parent.command('logout').description('forget the sign-in, here and at the identity provider'))
    .option('--json', 'write the result as JSON', false)
    .action((options: LogoutOptions) => select((io) => runLogout(io, options)))
}
