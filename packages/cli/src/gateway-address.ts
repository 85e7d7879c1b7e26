import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CommandIo } from './command.ts'
import { FileUnreadableError, GatewayAddressError, GatewayMissingError } from './errors.ts'

/** How a command is told which gateway it is for. */
export interface GatewayAddressOptions {
  readonly gateway?: string
  /** A PEM file. */
  readonly ca?: string
  readonly insecure?: boolean
}

/** Where the gateway is, and whom it is trusted by. */
export interface GatewayAddress {
  /** Scheme, host and port. */
  readonly origin: string
  /** PEM of the accepted authorities; the system's when absent. */
  readonly caPem: string | undefined
  /** Plaintext may be spoken: on loopback, or because it was asked for. */
  readonly isPlaintextAllowed: boolean
  /** It was asked for, and so is allowed to other machines too. */
  readonly isInsecure: boolean
}

/** Adds `--gateway`, `--ca` and `--insecure`, as every command that speaks to a gateway has them. */
export function addGatewayOptions(command: Command): Command {
  return command
    .option('--gateway <url>', 'the gateway; HEADGATE_GATEWAY otherwise')
    .option('--ca <file>', 'the authority of the certificates, PEM; HEADGATE_CA, or the system otherwise')
    .option('--insecure', 'allow plaintext to another machine', false)
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Tells whether a host, as a URL writes it, is this machine. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host)
}

function parseOrigin(text: string, isInsecure: boolean): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new GatewayAddressError('write an https URL')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/') {
    throw new GatewayAddressError('write scheme, host and port, nothing more')
  }
  if (url.protocol === 'http:' && !isInsecure && !isLoopbackHost(url.hostname)) {
    throw new GatewayAddressError('it is plaintext to another machine: use https')
  }
  return url.origin
}

function readCa(io: CommandIo, file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined
  // The environment of a service may hold the PEM itself, as `@headgate/kafkajs` takes it.
  if (file.startsWith('-----BEGIN CERTIFICATE-----')) return file
  const path = resolve(io.folder, file)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new FileUnreadableError('authority', path, String((error as { code?: unknown }).code))
  }
}

/**
 * Finds the gateway that a command is for, by its options or the environment.
 *
 * @throws {GatewayMissingError} `ERR_CLI_GATEWAY_MISSING`
 * @throws {GatewayAddressError} `ERR_CLI_GATEWAY_ADDRESS`
 * @throws {FileUnreadableError} `ERR_CLI_FILE_UNREADABLE` when the authority's file cannot be read
 */
export function resolveGateway(io: CommandIo, options: GatewayAddressOptions): GatewayAddress {
  const { environment } = io
  const text = options.gateway ?? environment['HEADGATE_GATEWAY'] ?? ''
  if (text === '') throw new GatewayMissingError()
  const isInsecure = options.insecure === true || environment['HEADGATE_INSECURE'] === 'true'
  const origin = parseOrigin(text, isInsecure)
  const isPlaintextAllowed = isInsecure || isLoopbackHost(new URL(origin).hostname)
  return { origin, caPem: readCa(io, options.ca ?? environment['HEADGATE_CA']), isPlaintextAllowed, isInsecure }
}
