/// Tags that keep the engine's 128-bit names apart (see `Identifier128`).
package enum ReplicaKind {}
package enum FeedKind {}
package enum ScopeKind {}
package enum HashKind {}
package enum SubjectKind {}

/// One machine's file: the first 16 bytes of H(public key). New on every restore or clone, never reused.
package typealias ReplicaID = Identifier128<ReplicaKind>

/// One replica's changes in one scope. Equal to the replica's id unless the feed was forked.
package typealias FeedID = Identifier128<FeedKind>

/// The unit of replication, order and access: the first 16 bytes of H(chain, scope name).
package typealias ScopeID = Identifier128<ScopeKind>

/// The first 16 bytes of a SHA-256: how bytes name a change.
package typealias ShortHash = Identifier128<HashKind>

/// An opaque id of a person whose words or particulars a personal part holds.
package typealias SubjectID = Identifier128<SubjectKind>

extension Identifier128 where Kind == FeedKind {
    /// The feed that `replica` writes until a fork takes its label away.
    package init(_ replica: ReplicaID) {
        self.init(high: replica.high, low: replica.low)
    }
}

extension Identifier128 where Kind == ReplicaKind {
    /// The replica whose unforked feed this is.
    package init(_ feed: FeedID) {
        self.init(high: feed.high, low: feed.low)
    }
}
