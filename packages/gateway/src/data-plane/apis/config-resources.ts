import { CLUSTER_NAME, type Operation } from '@headgate/policy'
import { ErrorCode } from '@headgate/wire'
import type { Call } from '../call.ts'

/** A resource whose configuration a request speaks of. */
export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

/** Kafka's `ConfigResource.Type`, as far as policy speaks of it. */
const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const GROUP = 32

/** The code for a resource whose configuration is refused; types that policy does not speak of always are. */
function configRefusal(call: Call, operation: Operation, { resourceType, resourceName }: ConfigResource): number {
  if (resourceType === TOPIC) {
    return call.permits('topic', operation, resourceName) ? ErrorCode.NONE : ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  if (resourceType === BROKER || resourceType === BROKER_LOGGER) {
    return call.permits('cluster', operation, CLUSTER_NAME) ? ErrorCode.NONE : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  }
  return resourceType === GROUP ? ErrorCode.GROUP_AUTHORIZATION_FAILED : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
}

/** Parts resources into those that go on and the refused ones with their codes. */
export function splitResources<Resource extends ConfigResource>(
  call: Call,
  operation: Operation,
  resources: readonly Resource[],
): { readonly allowed: Resource[]; readonly refused: readonly (ConfigResource & { readonly errorCode: number })[] } {
  const allowed: Resource[] = []
  const refused: (ConfigResource & { readonly errorCode: number })[] = []
  for (const resource of resources) {
    const { resourceType, resourceName } = resource
    const errorCode = configRefusal(call, operation, resource)
    if (errorCode === ErrorCode.NONE) allowed.push(resource)
    else refused.push({ resourceType, resourceName, errorCode })
  }
  return { allowed, refused }
}

/** A text that is equal for equal resources only. */
export function resourceKey({ resourceType, resourceName }: ConfigResource): string {
  return `${resourceType} ${resourceName}`
}
