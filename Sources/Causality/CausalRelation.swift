/// How two sets of events stand to each other.
package enum CausalRelation: Hashable, Sendable {
    /// Both hold the same events.
    case equal
    /// The first lacks something that the second holds, and holds nothing else.
    case before
    /// The first holds all of the second and more.
    case after
    /// Each holds something that the other lacks.
    case concurrent
}
