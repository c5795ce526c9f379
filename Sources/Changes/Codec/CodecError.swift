/// Why bytes were not taken. Nothing has changed when one of these is thrown.
package enum CodecError: Error, Hashable, Sendable {
    /// The bytes end where more were required.
    case truncated(at: Int)
    /// An integer is not in its shortest form, or does not fit its range.
    case integer(at: Int)
    /// A length announces more than the bytes that are left.
    case length(at: Int)
    /// A text is not UTF-8.
    case text(at: Int)
    /// Bytes follow where the value has ended.
    case trailing(at: Int)
    /// A named limit is exceeded.
    case limit(Limit, at: Int)
    /// The bytes break a rule of the format: which one, in words.
    case malformed(String, at: Int)
    /// Well-formed as far as it can be told, but this version does not do it: what, in words.
    case unsupported(String)
}

extension CodecError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let at): "the bytes end too early, at byte \(at)"
        case .integer(let at): "an integer at byte \(at) is not canonical or out of range"
        case .length(let at): "a length at byte \(at) announces more bytes than there are"
        case .text(let at): "a text at byte \(at) is not UTF-8"
        case .trailing(let at): "bytes follow the end, at byte \(at)"
        case .limit(let limit, let at): "more than \(limit.value) \(limit.name), at byte \(at)"
        case .malformed(let rule, let at): "\(rule), at byte \(at)"
        case .unsupported(let what): "this version does not support \(what)"
        }
    }
}

/// A named bound on what bytes may ask for.
package struct Limit: Hashable, Sendable {
    package let name: String
    package let value: Int

    package init(_ name: String, _ value: Int) {
        self.name = name
        self.value = value
    }
}

extension Limit {
    package static let operationsPerChange = Limit("operations in a change", 10_000)
    package static let bytesPerChange = Limit("bytes in a change", 4 << 20)
    package static let contextEntries = Limit("context entries in a change", 64)
    package static let partsPerChange = Limit("personal parts in a change", 256)
    package static let itemsPerPart = Limit("items in a personal part", 10_000)
    package static let shownDots = Limit("shown dots in an operation", 1_024)
    package static let fieldsPerValue = Limit("fields in a value", 256)
    package static let valueDepth = Limit("levels of nested values", 4)
    package static let nameBytes = Limit("bytes in a name", 256)
    /// What a change, a message, or a stored form may hold of one text: the body bounds it in practice.
    package static let textBytes = Limit("bytes in a text", 4 << 20)
}
