import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import {
  addGatewayOptions,
  type GatewayAddress,
  type GatewayAddressOptions,
  resolveGateway,
} from '../gateway-address.ts'
import { createCommandFetch } from '../gateway-http.ts'
import { printable } from '../json-value.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'
import { createSignIn } from '../sign-in/access-tokens.ts'
import { signInByCode } from '../sign-in/code-flow.ts'
import { type DevicePrompt, signInByDevice } from '../sign-in/device-flow.ts'
import { exchangeToken, type GatewayToken } from '../sign-in/gateway-exchange.ts'
import { fetchGatewayMetadata } from '../sign-in/gateway-metadata.ts'
import { createIssuerClient, type IssuedTokens, type IssuerClient } from '../sign-in/issuer-client.ts'
import { findLoginTarget, type LoginTargetOptions } from '../sign-in/login-target.ts'
import { openBrowser } from '../sign-in/open-browser.ts'
import { describePerson, describeSignIn } from '../sign-in/person-report.ts'
import { SavedSignIns } from '../sign-in/saved-sign-ins.ts'
import { LoginUnsupportedError } from '../sign-in/sign-in-errors.ts'

interface LoginOptions extends ReportOptions, GatewayAddressOptions, LoginTargetOptions {
  readonly flow?: 'device' | 'code'
  readonly browser: boolean
  readonly redirectPort: number
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const MAX_PORT = 65_535

function showDevice(io: CommandIo, issuer: string, prompt: DevicePrompt, isOpened: boolean): void {
  const url = printable(prompt.url)
  const code = printable(prompt.userCode)
  io.writeError(`to sign in at ${issuer}, open\n\n    ${url}\n\nand check that it shows the code ${code}\n`)
  if (isOpened) openBrowser(io, url)
}

function showBrowser(io: CommandIo, issuer: string, url: string, isOpened: boolean): void {
  io.writeError(`to sign in at ${issuer}, open in a browser of this machine\n\n    ${url}\n\n`)
  if (isOpened) openBrowser(io, url)
}

function canDevice({ server }: IssuerClient): boolean {
  const { device_authorization_endpoint: endpoint, grant_types_supported: grants } = server
  return endpoint !== undefined && (grants === undefined || grants.includes(DEVICE_GRANT))
}

async function signIn(io: CommandIo, issuer: IssuerClient, options: LoginOptions): Promise<IssuedTokens> {
  const { flow = canDevice(issuer) ? 'device' : 'code', browser, redirectPort } = options
  const address = issuer.target.issuer
  if (flow === 'code') {
    const show = (url: string): void => showBrowser(io, address, url, browser)
    return signInByCode(issuer, { clock: io.clock, redirectPort, show })
  }
  if (!canDevice(issuer)) throw new LoginUnsupportedError(address, 'does not offer the device flow: use `--flow code`')
  return signInByDevice(issuer, io.clock, (prompt) => showDevice(io, address, prompt, browser))
}

async function logIn(io: CommandIo, gateway: GatewayAddress, options: LoginOptions): Promise<GatewayToken> {
  const fetch = createCommandFetch(gateway)
  const { logins } = await fetchGatewayMetadata(gateway, fetch)
  const target = findLoginTarget(options, logins, gateway.isInsecure)
  const { isPlaintextAllowed } = gateway
  const issuer = await createIssuerClient({ target, fetch, isPlaintextAllowed })
  const saved = createSignIn(gateway.origin, target, await signIn(io, issuer, options), io.clock)
  // What the gateway does not take is not worth keeping.
  const token = await exchangeToken(gateway.origin, saved.accessToken, fetch, io.clock)
  const store = new SavedSignIns(io)
  await store.withLock(gateway.origin, async () => store.write(saved))
  return token
}

async function runLogin(io: CommandIo, options: LoginOptions): Promise<ExitCode> {
  try {
    const gateway = resolveGateway(io, options)
    const token = await logIn(io, gateway, options)
    const words = `signed in at ${gateway.origin} as ${describePerson(token.person)}`
    return reportResult(io, describeSignIn(gateway.origin, token), words, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > MAX_PORT) throw new InvalidArgumentError('write a port, 0 to 65535')
  return port
}

function addLoginOptions(command: Command): Command {
  return addGatewayOptions(command)
    .option('--issuer <name or url>', 'where to sign in; what the gateway names otherwise')
    .option('--client-id <id>', 'the public client; what the gateway names otherwise')
    .option('--scope <scope...>', 'what to ask for; what the gateway names otherwise')
    .addOption(
      new Option('--flow <flow>', 'device: on any device; code: in a browser of this machine').choices([
        'device',
        'code',
      ]),
    )
    .option('--browser', 'open a browser', false)
    .option('--redirect-port <port>', 'for identity providers that want the port registered', parsePort, 0)
    .option('--json', 'write the result as JSON', false)
}

/** `headgate login [--gateway <url>]` */
export const defineLogin: CommandDefinition = (parent, select) => {
  const command = parent.command('login').description('sign in as yourself, at your identity provider')
  addLoginOptions(command).action((options: LoginOptions) => select((io) => runLogin(io, options)))
}
