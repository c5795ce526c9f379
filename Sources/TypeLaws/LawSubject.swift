import Causality
import ReplicatedTypes

/// A replicated type with its definition over the history, ready to be tried.
///
/// `specification` must be written from the definition alone and share nothing with the type: it is the
/// obvious form that the fast form is compared with.
protocol LawSubject: Sendable {
    associatedtype State: Mergeable
    associatedtype Operation: Sendable
    associatedtype Reading: Equatable & Sendable

    var name: String { get }

    /// What every replica starts from.
    var start: State { get }

    /// Every operation to try for this author with this past; as many as `choices(past.count)`.
    func alphabet(of replica: Int, past: EventSet, in history: History<Operation>) -> [Operation]

    /// How many operations the alphabet holds, as a formula, so that the count of cases can be checked.
    func choices(pastCount: Int) -> Int

    /// An operation from a wider range than the alphabet's.
    func randomOperation(
        past: EventSet, in history: History<Operation>, using generator: inout SplitMix64
    ) -> Operation

    /// Performs an operation that its author's state reflects the past of.
    ///
    /// - Returns: the fragment; an empty one for an operation that the type refuses.
    func perform(_ event: Event<Operation>, in history: History<Operation>, on state: inout State) -> State

    /// All that the type lets one read.
    func reading(of state: State) -> Reading

    /// What a replica that knows `visible` must read, by definition.
    ///
    /// - Parameter visible: a closed set.
    func specification(of history: History<Operation>, visible: EventSet) -> Reading

    /// A further property of the type that does not hold, in words; `nil` when all do.
    func violation(of history: History<Operation>, visible: EventSet, reading: Reading) -> String?

    func checkInvariants(of state: State)
}

extension LawSubject {
    func violation(of history: History<Operation>, visible: EventSet, reading: Reading) -> String? { nil }
}
