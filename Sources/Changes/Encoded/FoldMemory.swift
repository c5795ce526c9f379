/// Memory in which states are folded, kept from one fold to the next: a fold allocates nothing where the state's own memory
/// takes its new bytes.
package struct FoldMemory: Sendable {
    /// Those by whose numbers the states name fields.
    package let names: FieldNames
    private var bytes: [UInt8] = []
    private var writer = CompactWriter()

    package init(_ names: FieldNames) { self.names = names }

    /// A state from its canonical bytes.
    mutating func compact(_ state: EncodedState) -> CompactState { writer.state(state, names) }

    /// What a large state took is given up with the next one.
    private static let keptBytes = 64 << 10

    /// Lends so many bytes; what stands in them is undefined.
    mutating func withBytes<Result>(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        if count > bytes.count || bytes.count > FoldMemory.keptBytes {
            bytes = Array(repeating: 0, count: max(count, 1_024))
        }
        return bytes.withUnsafeMutableBytes(body)
    }

    /// Puts the first of the bytes that were lent last in the place of a state's.
    func copy(_ count: Int, over state: inout [UInt8]) {
        bytes.withUnsafeBufferPointer { bytes in
            let source = UnsafeBufferPointer(rebasing: bytes[..<count])
            if count <= state.capacity, state.capacity <= 2 * count {
                state.removeAll(keepingCapacity: true)
                state.append(contentsOf: source)
            } else {
                // No more than they are: states stay in memory.
                state = Array(source)
            }
        }
    }
}
