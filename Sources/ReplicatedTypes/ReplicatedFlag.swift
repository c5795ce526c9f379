package import Causality

/// A yes or no that several people may set at the same time.
///
/// Both kinds keep the surviving settings and differ only in how concurrent ones are read, so they share
/// everything but `isEnabled`. Before the first setting a flag is off.
///
/// Source: Shapiro et al., "A comprehensive study of convergent and commutative replicated data types",
/// INRIA RR-7506, 2011; the two readings as in Antidote's `flag_ew` and `flag_dw`.
package protocol ReplicatedFlag: Mergeable {
    var settings: DotStore<Bool> { get set }
    var isEnabled: Bool { get }
    init()
}

extension ReplicatedFlag {
    /// Turns the flag on or off.
    ///
    /// - Parameters:
    ///   - dot: the event; one that is known already changes nothing.
    ///   - replacement: all settings that were seen, or only those that the person was shown.
    /// - Returns: the fragment to send.
    @discardableResult
    package mutating func set(_ isOn: Bool, at dot: Dot, replacing replacement: Replacement = .seen) -> Self {
        var delta = Self()
        delta.settings = settings.put(isOn, at: dot, replacing: replacement)
        return delta
    }

    package mutating func merge(_ other: Self) { settings.merge(other.settings) }
}

/// On as soon as one of the concurrent settings is on.
package struct EnableWinsFlag: ReplicatedFlag {
    package var settings = DotStore<Bool>()

    package init() {}

    package var isEnabled: Bool { settings.entries.contains { $0.payload } }
}

/// On only when there is a setting and all concurrent ones are on.
package struct DisableWinsFlag: ReplicatedFlag {
    package var settings = DotStore<Bool>()

    package init() {}

    package var isEnabled: Bool { !settings.entries.isEmpty && settings.entries.allSatisfy { $0.payload } }
}
