import { nearestWord } from '../document/nearest-word.ts'
import { MAX_PARTITION } from '../document/partitions.ts'
import { clusterVerbs, type Verb, verbs } from '../document/verbs.ts'
import { CLUSTER_NAME } from '../operation.ts'
import type { Principal, PrincipalKind } from '../principal.ts'
import { printable } from '../printable.ts'
import type { DecidedRequest } from '../program/reason-text.ts'
import { RequestWordsError } from './errors.ts'

/** A question about a policy as people write it. */
export interface RequestWords {
  /** `issuer/subject`; the subject may have slashes. */
  readonly as: string
  /** `undefined` = unknown. */
  readonly groups: readonly string[] | undefined
  readonly kind?: PrincipalKind | undefined
  readonly claims?: Principal['claims']
  /** A verb of `may`, or `cluster`. */
  readonly verb: string
  /** A name; behind `cluster` one of its words. */
  readonly name: string
  readonly partition?: number | undefined
}

/**
 * Reads who asks, and what for.
 *
 * @throws RequestWordsError `ERR_POLICY_REQUEST_WORDS`
 */
export function requestOf(words: RequestWords): { readonly principal: Principal; readonly request: DecidedRequest } {
  const slash = words.as.indexOf('/')
  if (slash <= 0 || slash === words.as.length - 1) {
    throw new RequestWordsError(`\`${printable(words.as)}\` is no principal: write \`issuer/subject\``)
  }
  const { as, groups, kind, claims } = words
  const principal: Principal = {
    issuer: as.slice(0, slash),
    subject: as.slice(slash + 1),
    groups,
    ...(kind === undefined ? {} : { kind }),
    ...(claims === undefined ? {} : { claims }),
  }
  return { principal, request: words.verb === 'cluster' ? clusterRequest(words) : namedRequest(words) }
}

function clusterRequest({ name, partition }: RequestWords): DecidedRequest {
  const operation = [...clusterVerbs].find(([word]) => word === name)?.[1]
  if (operation === undefined) throw unknown('cluster', name, [...clusterVerbs.keys()])
  if (partition !== undefined) throw new RequestWordsError('the cluster has no partitions')
  return { resourceType: 'cluster', operation, name: CLUSTER_NAME }
}

function namedRequest({ verb, name, partition }: RequestWords): DecidedRequest {
  const meaning = verbs.get(verb as Verb)
  if (meaning === undefined) throw unknown('a verb', verb, [...verbs.keys(), 'cluster'])
  if (name === '') throw new RequestWordsError('the name is missing')
  const { resourceType, operation } = meaning
  if (partition === undefined) return { resourceType, operation, name }
  if (!meaning.partitioned) throw new RequestWordsError(`\`${verb}\` is not about partitions`)
  if (!Number.isInteger(partition) || partition < 0 || partition > MAX_PARTITION) {
    throw new RequestWordsError('the partition is no whole number from 0 on')
  }
  return { resourceType, operation, name, partition }
}

function unknown(what: string, word: string, known: readonly string[]): RequestWordsError {
  const near = nearestWord(word, known)
  const mend = near === undefined ? `use one of ${known.join(', ')}` : `did you mean \`${near}\`?`
  return new RequestWordsError(`\`${printable(word)}\` is no word of ${what}: ${mend}`)
}
