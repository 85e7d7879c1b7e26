import { type DecodedRequestHeader, decodeApiVersionsRequest, Reader } from '@headgate/wire'
import type { Span } from './request-input.ts'

const FIRST_VERSION_WITH_SOFTWARE = 3
const LAST_VERSION_KNOWN = 4

/** What a client's software calls itself in a request for ApiVersions; `undefined` where it does not, or not readably. */
export function softwareNameIn(
  { apiVersion, bodyOffset }: DecodedRequestHeader,
  { bytes, end }: Span,
): string | undefined {
  if (apiVersion < FIRST_VERSION_WITH_SOFTWARE || apiVersion > LAST_VERSION_KNOWN) return undefined
  try {
    return decodeApiVersionsRequest(new Reader(bytes, bodyOffset, end), apiVersion).clientSoftwareName
  } catch {
    // The gateway's answer does not depend on it.
    return undefined
  }
}
