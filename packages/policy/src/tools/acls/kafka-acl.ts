/** One of Kafka's own access rules, in the words that `kafka-acls` prints. */
export interface KafkaAcl {
  /** `TOPIC`, `GROUP`, `TRANSACTIONAL_ID`, `CLUSTER`, or what else Kafka has. */
  readonly resourceType: string
  /** `*` of a literal is every name. */
  readonly resourceName: string
  readonly patternType: 'LITERAL' | 'PREFIXED'
  /** With its type: `User:ada`. `User:*` is everybody. */
  readonly principal: string
  /** `*` is every host. */
  readonly host: string
  /** `READ`, `WRITE`, …; `ALL` is every one. */
  readonly operation: string
  readonly permission: 'ALLOW' | 'DENY'
}

/** An access rule in one line, as people name it. */
export function aclText({
  resourceType,
  resourceName,
  patternType,
  principal,
  host,
  operation,
  permission,
}: KafkaAcl): string {
  const pattern = patternType === 'PREFIXED' ? ' prefixed' : ''
  const from = host === '*' ? '' : ` from ${host}`
  return `${permission} ${principal}${from} ${operation} on ${resourceType}${pattern} ${resourceName}`
}
