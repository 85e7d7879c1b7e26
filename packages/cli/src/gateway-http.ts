import { createOutboundFetch, type OutboundFetch } from '@headgate/gateway'
import { UnreachableError, UntrustedError } from './errors.ts'
import type { GatewayAddress } from './gateway-address.ts'

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 16_777_216

/** What Node says when a certificate is not one it trusts. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function reasonOf(error: unknown): string {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown }
  if (typeof code === 'string') return code
  return name === 'TimeoutError' || name === 'AbortError' ? 'timeout' : String(name ?? 'unknown')
}

function failureOf(url: string, error: unknown): Error {
  const host = URL.parse(url)?.host ?? url
  const reason = reasonOf(error)
  return UNTRUSTED.has(reason) ? new UntrustedError(host, reason) : new UnreachableError(host, reason)
}

/**
 * Creates the fetch of a command: no redirects, bounded in time and size, certificates always verified.
 *
 * It throws {@link UnreachableError} `ERR_CLI_UNREACHABLE` and {@link UntrustedError} `ERR_CLI_UNTRUSTED`.
 */
export function createCommandFetch({
  caPem,
  isPlaintextAllowed,
}: Pick<GatewayAddress, 'caPem' | 'isPlaintextAllowed'>): OutboundFetch {
  const fetch = createOutboundFetch({
    hosts: undefined,
    isPrivateNetworkAllowed: true,
    isPlaintextAllowed,
    caPem,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
  })
  return async (url, request) => {
    try {
      return await fetch(url, request)
    } catch (error) {
      throw failureOf(url, error)
    }
  }
}
