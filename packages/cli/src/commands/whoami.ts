import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import { addGatewayOptions, type GatewayAddressOptions, resolveGateway } from '../gateway-address.ts'
import { createCommandFetch } from '../gateway-http.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'
import { GatewayTokens } from '../sign-in/gateway-tokens.ts'
import { readGivenToken } from '../sign-in/given-token.ts'
import { describePerson, describeSignIn, lifeOf } from '../sign-in/person-report.ts'
import { SavedSignIns } from '../sign-in/saved-sign-ins.ts'

type WhoamiOptions = ReportOptions & GatewayAddressOptions

async function runWhoami(io: CommandIo, options: WhoamiOptions): Promise<ExitCode> {
  try {
    const gateway = resolveGateway(io, options)
    const token = await new GatewayTokens(io, gateway, createCommandFetch(gateway)).current()
    const saved = readGivenToken(io) === undefined ? new SavedSignIns(io).read(gateway.origin) : undefined
    const life = lifeOf(token, saved)
    const words = `${describePerson(token.person)}, at ${gateway.origin}, ${life.words}`
    const result = { ...describeSignIn(gateway.origin, token), ...life.members }
    return reportResult(io, result, words, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate whoami [--gateway <url>]` */
export const defineWhoami: CommandDefinition = (parent, select) => {
  addGatewayOptions(parent.command('whoami').description('tell whom the gateway takes you for, and until when'))
    .option('--json', 'write the result as JSON', false)
    .action((options: WhoamiOptions) => select((io) => runWhoami(io, options)))
}
