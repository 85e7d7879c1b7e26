/**
 * The name of the protocol by which members of a consumer group take only partitions that they are granted.
 *
 * A member's metadata is Kafka's `ConsumerProtocolSubscription`. Its user data is a `ConsumerProtocolAssignment` that holds, for each
 * topic of which the member may read some partitions only, those partitions; it is empty where the member may read all of every topic. Client
 * and gateway agree on this, and whoever leads the group deals by it.
 */
export const GRANTED_PARTITIONS_PROTOCOL = 'HeadgateGrantedPartitions'
