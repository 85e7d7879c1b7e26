import { HeadgateConfigurationError, HeadgateGatewayMissingError } from '../errors.ts'
import { parseServerAddress } from '../http/address.ts'
import { type Environment, readEnvironment, readIdentity, readStrict } from './environment.ts'
import type { HeadgateOptions, ResolvedOptions } from './options.ts'
import { assertSupportedNode } from './supported-node.ts'

// A SHA-256 in unpadded base64url: what an RFC 7638 thumbprint looks like.
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

function checkBundleKeys(keys: readonly string[] | undefined): readonly string[] {
  if (keys === undefined || keys.length === 0) {
    throw new HeadgateConfigurationError({
      message:
        'no bundle keys: give the thumbprints of the keys that sign your policy as headgate.bundleKeys or HEADGATE_BUNDLE_KEYS; whoever runs the gateway has them',
    })
  }
  const bad = keys.find((key) => !THUMBPRINT.test(key))
  if (bad === undefined) return Object.freeze([...keys])
  throw new HeadgateConfigurationError({
    message: `\`${bad.slice(0, 64)}\` is no key thumbprint: give RFC 7638 thumbprints, 43 characters each, in headgate.bundleKeys or HEADGATE_BUNDLE_KEYS`,
  })
}

/**
 * Completes the options of the code from the environment; the code wins. An older Node ends here.
 *
 * @throws HeadgateGatewayMissingError `ERR_KAFKAJS_GATEWAY_MISSING`
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 * @throws HeadgateInsecureAddressError `ERR_KAFKAJS_INSECURE_ADDRESS`
 */
export function resolveOptions(options: HeadgateOptions | undefined, environment: Environment): ResolvedOptions {
  assertSupportedNode(process.versions.node)
  const fromCode = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined))
  const merged: HeadgateOptions = { ...readEnvironment(environment), ...fromCode }
  const { gateway, bundleKeys, identity = readIdentity(environment), ca, clientCertificate, insecure } = merged
  if (gateway === undefined) {
    throw new HeadgateGatewayMissingError({
      message: "no gateway address: give the gateway's HTTPS address as headgate.gateway or HEADGATE_GATEWAY",
    })
  }
  if (identity === undefined) {
    throw new HeadgateConfigurationError({
      message:
        'no identity: give headgate.identity, or set HEADGATE_TOKEN_FILE, or HEADGATE_ISSUER with HEADGATE_CLIENT_ID and HEADGATE_CLIENT_SECRET',
    })
  }
  return {
    gateway: parseServerAddress('the gateway', gateway, insecure ?? false),
    bundleKeys: checkBundleKeys(bundleKeys),
    identity,
    ca,
    clientCertificate,
    insecure: insecure ?? false,
  }
}

/**
 * Tells whether options that are not used are an error; the code wins over the environment.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 */
export function isStrict(options: HeadgateOptions | undefined, environment: Environment): boolean {
  return options?.strict ?? readStrict(environment)
}
