import {
  type ApiVersionsResponse,
  defaultApiVersionsResponse,
  ErrorCode,
  encodeApiVersionsResponse,
  encodeResponseFrame,
  type RequestHeader,
} from '@headgate/wire'
import type { AnyApi } from './api.ts'
import { apis } from './apis/apis.ts'

/** The first and last version of an API that the gateway offers. */
export interface VersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

const PRODUCE = 0
const API_VERSIONS = 18

/** APIs that the gateway answers itself, before and after the sign-in. */
const OWN_APIS: ReadonlyMap<number, VersionRange> = new Map([
  [17, { minVersion: 0, maxVersion: 1 }],
  [API_VERSIONS, { minVersion: 0, maxVersion: 4 }],
  [36, { minVersion: 0, maxVersion: 2 }],
])

/** Features whose meaning the gateway enforces; any other is neither named as supported nor as finalized. */
const OFFERED_FEATURES: ReadonlyMap<string, number> = new Map([
  ['group.version', 1],
  ['transaction.version', 2],
])

/** The APIs that the gateway offers: an allow-list of keys, versions and features. */
export class ApiTable {
  readonly #apis: ReadonlyMap<number, AnyApi>

  constructor(offered: readonly AnyApi[]) {
    this.#apis = new Map(offered.map((api) => [api.apiKey, api]))
  }

  /** Every offered key with its versions, the gateway's own ones included. */
  get ranges(): ReadonlyMap<number, VersionRange> {
    return new Map<number, VersionRange>([...this.#apis, ...OWN_APIS])
  }

  /** Finds who answers a request; `undefined` when the key or the version is not offered. */
  find(apiKey: number, apiVersion: number): AnyApi | 'sasl' | undefined {
    const own = OWN_APIS.get(apiKey)
    if (own !== undefined) return apiVersion >= own.minVersion && apiVersion <= own.maxVersion ? 'sasl' : undefined
    const api = this.#apis.get(apiKey)
    return api !== undefined && apiVersion >= api.minVersion && apiVersion <= api.maxVersion ? api : undefined
  }

  /** Answers ApiVersions: what the broker offers, as far as the gateway offers it too. */
  apiVersionsAnswer(header: RequestHeader, broker: ApiVersionsResponse): Buffer {
    const isKnown = header.apiVersion <= (OWN_APIS.get(API_VERSIONS)?.maxVersion ?? 0)
    const apiVersion = isKnown ? header.apiVersion : 0
    const response = isKnown ? this.#offer(broker) : this.#refusal()
    return encodeResponseFrame(API_VERSIONS, apiVersion, header.correlationId, (writer) =>
      encodeApiVersionsResponse(writer, response, apiVersion),
    )
  }

  #offer(broker: ApiVersionsResponse): ApiVersionsResponse {
    return {
      ...defaultApiVersionsResponse(),
      apiKeys: broker.apiKeys.flatMap((entry) => this.#intersect(entry)),
      supportedFeatures: broker.supportedFeatures
        .filter(({ name }) => OFFERED_FEATURES.has(name))
        .map((feature) => ({
          ...feature,
          maxVersion: Math.min(feature.maxVersion, OFFERED_FEATURES.get(feature.name) ?? 0),
        })),
      finalizedFeaturesEpoch: broker.finalizedFeaturesEpoch,
      finalizedFeatures: broker.finalizedFeatures
        .filter(({ name }) => OFFERED_FEATURES.has(name))
        .map((feature) => ({
          ...feature,
          maxVersionLevel: Math.min(feature.maxVersionLevel, OFFERED_FEATURES.get(feature.name) ?? 0),
        })),
    }
  }

  #intersect(entry: ApiVersionsResponse['apiKeys'][number]): ApiVersionsResponse['apiKeys'] {
    const own = OWN_APIS.get(entry.apiKey)
    if (own !== undefined) return [{ ...entry, ...own }]
    const api = this.#apis.get(entry.apiKey)
    if (api === undefined) return []
    // Older librdkafka takes a broker without Produce 0 for one without batches (KAFKA-18659): it is named, and refused.
    const minVersion = entry.apiKey === PRODUCE ? entry.minVersion : Math.max(entry.minVersion, api.minVersion)
    const maxVersion = Math.min(entry.maxVersion, api.maxVersion)
    return minVersion > maxVersion ? [] : [{ ...entry, minVersion, maxVersion }]
  }

  #refusal(): ApiVersionsResponse {
    const own = OWN_APIS.get(API_VERSIONS) ?? { minVersion: 0, maxVersion: 0 }
    return {
      ...defaultApiVersionsResponse(),
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: API_VERSIONS, ...own }],
    }
  }
}

/** The table of this gateway. */
export function createApiTable(): ApiTable {
  return new ApiTable(apis)
}
