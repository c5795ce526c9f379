import Causality
import Changes

/// Blocks of the last push of each scope, as they were packed: where the hub names their changes with nothing but their
/// places, the log takes the blocks over as they are. A memory that may be lost at any time.
package struct PushedBlocks {
    /// A block and its first change.
    package struct Block: Equatable, Sendable {
        package let first: Dot
        package let packed: PackedEntries

        package init(first: Dot, packed: PackedEntries) {
            self.first = first
            self.packed = packed
        }
    }

    private var blocks: [ScopeID: [Block]] = [:]
    private var bytes = 0

    /// Bytes of blocks that are remembered over all scopes; a push takes less.
    private static let bytesLimit = 2 << 20
    /// A block of fewer changes is placed change by change: there is nothing to gain.
    package static let leastCount = 2

    package init() {}

    /// Takes the place of what is remembered of the scope.
    package mutating func replace(_ scope: ScopeID, by pushed: [Block]) {
        bytes -= PushedBlocks.size(of: blocks[scope] ?? [])
        blocks[scope] = nil
        let size = PushedBlocks.size(of: pushed)
        guard !pushed.isEmpty, size <= PushedBlocks.bytesLimit else { return }
        if bytes + size > PushedBlocks.bytesLimit { self = PushedBlocks() }
        blocks[scope] = pushed
        bytes += size
    }

    private static func size(of blocks: [Block]) -> Int { blocks.reduce(0) { $0 + $1.packed.byteCount } }

    /// The block whose first change is at `dot`, and those behind it that go on where the one before ends.
    package func blocks(from dot: Dot, of scope: ScopeID) -> [Block] {
        guard let all = blocks[scope], let first = all.firstIndex(where: { $0.first == dot }) else { return [] }
        var found = [all[first]]
        var next = dot.sequence &+ UInt64(all[first].packed.count)
        for block in all[(first + 1)...] {
            guard block.first == Dot(feed: dot.feed, sequence: next) else { break }
            found.append(block)
            next &+= UInt64(block.packed.count)
        }
        return found
    }
}
