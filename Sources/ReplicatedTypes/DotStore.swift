package import Causality

/// The surviving writes of an object, each under the dot of its event, and the context of all events seen.
///
/// A dot that is in the context and not among the entries was replaced or removed; a dot that is not in the
/// context has not been heard of. This one distinction decides every merge, so that nothing needs tombstones,
/// and it is the mechanism that the register, the set, the flags, the counter, the log and escrow share.
///
/// The context is short when the feeds number the events of this object alone. Where a feed spans many
/// objects, as an engine's feeds do, the engine keeps one past for all of them instead and this type is the
/// definition that it is tested against.
///
/// Source: Almeida, Shoker, Baquero, "Delta state replicated data types", JPDC 111, 2018, section 7.2
/// (causal δ-CRDTs, `DotFun`).
package struct DotStore<Payload: Hashable & Sendable>: Mergeable {
    package struct Entry: Hashable, Sendable {
        package let dot: Dot
        package let payload: Payload

        package init(dot: Dot, payload: Payload) {
            self.dot = dot
            self.payload = payload
        }
    }

    /// Sorted strictly by dot; each dot is in `context`. Equal stores are therefore equal values.
    package private(set) var entries: [Entry] = []
    /// Every event that this store has taken in, survivors or not.
    package private(set) var context = CausalContext()

    package init() {}

    /// The surviving payload under `dot`.
    ///
    /// - Complexity: O(log entries).
    package subscript(dot: Dot) -> Payload? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].dot < dot { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].dot == dot ? entries[low].payload : nil
    }

    // MARK: - Writing

    /// Records one event.
    ///
    /// A dot names one write, so an event that is already in the context changes nothing: a retry is harmless.
    ///
    /// - Parameters:
    ///   - payload: what the event leaves behind; `nil` when it only removes.
    ///   - dot: the event.
    ///   - replaced: events whose entries end here. The caller answers for its author having seen them.
    /// - Returns: the fragment that makes the same difference wherever it is merged; empty for a known event.
    /// - Complexity: O(entries + size of `replaced`).
    @discardableResult
    package mutating func put(_ payload: Payload?, at dot: Dot, replacing replaced: CausalContext) -> DotStore {
        guard !context.contains(dot) else { return DotStore() }
        var delta = DotStore()
        if let payload { delta.entries = [Entry(dot: dot, payload: payload)] }
        delta.context = replaced
        delta.context.insert(dot)
        merge(delta)
        return delta
    }

    /// Records one event whose target is the whole store.
    ///
    /// `.seen` replaces all of the context, so that the fragment also ends entries which a receiver still
    /// holds because the fragment that ended them is late.
    ///
    /// - Precondition: listed dots are in the context.
    @discardableResult
    package mutating func put(_ payload: Payload?, at dot: Dot, replacing replacement: Replacement) -> DotStore {
        let replaced =
            switch replacement {
            case .seen: context
            case .listed(let dots): listed(dots)
            }
        return put(payload, at: dot, replacing: replaced)
    }

    /// The entries among those for which `isTarget` holds that `replacement` names.
    ///
    /// - Precondition: listed dots are in the context.
    package func dots(named replacement: Replacement, where isTarget: (Payload) -> Bool) -> CausalContext {
        var result = CausalContext()
        switch replacement {
        case .seen:
            for entry in entries where isTarget(entry.payload) { result.insert(entry.dot) }
        case .listed(let dots):
            let known = listed(dots)
            for entry in entries where known.contains(entry.dot) && isTarget(entry.payload) {
                result.insert(entry.dot)
            }
        }
        return result
    }

    // MARK: - Merging

    /// The causal join: an entry survives if both sides hold it, or if one does and the other has not seen it.
    ///
    /// - Complexity: O((entries of both) · log feeds).
    package mutating func merge(_ other: DotStore) {
        var merged: [Entry] = []
        merged.reserveCapacity(entries.count + other.entries.count)
        var mine = entries.startIndex
        var theirs = other.entries.startIndex
        while mine < entries.endIndex || theirs < other.entries.endIndex {
            if theirs == other.entries.endIndex
                || mine < entries.endIndex && entries[mine].dot < other.entries[theirs].dot
            {
                if !other.context.contains(entries[mine].dot) { merged.append(entries[mine]) }
                mine += 1
            } else if mine == entries.endIndex || other.entries[theirs].dot < entries[mine].dot {
                if !context.contains(other.entries[theirs].dot) { merged.append(other.entries[theirs]) }
                theirs += 1
            } else {
                precondition(entries[mine] == other.entries[theirs], "\(entries[mine].dot) names two writes")
                merged.append(entries[mine])
                mine += 1
                theirs += 1
            }
        }
        entries = merged
        context.merge(other.context)
    }

    package func checkInvariants() {
        context.checkInvariants()
        for (a, b) in zip(entries, entries.dropFirst()) { precondition(a.dot < b.dot, "entries out of order") }
        for entry in entries { precondition(context.contains(entry.dot), "\(entry.dot) is held and not known") }
    }

    private func listed(_ dots: [Dot]) -> CausalContext {
        var result = CausalContext()
        for dot in dots {
            precondition(context.contains(dot), "nobody here can have been shown \(dot)")
            result.insert(dot)
        }
        return result
    }
}
