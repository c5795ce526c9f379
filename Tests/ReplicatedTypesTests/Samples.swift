import Causality
import ReplicatedTypes

/// Feeds by letter, in the order of the alphabet.
func dot(_ feed: Character, _ sequence: Int) -> Dot {
    Dot(feed: FeedID(high: 0, low: UInt64(feed.asciiValue!)), sequence: UInt64(sequence))
}

func account(_ name: Character) -> ReplicaID { ReplicaID(high: 0, low: UInt64(name.asciiValue!)) }

func at(_ milliseconds: Int64) -> HybridTimestamp { HybridTimestamp(milliseconds: milliseconds) }
