import Changes

/// What a case may hold of one text, in bytes of UTF-8. Texts are otherwise kept as they are typed, every character
/// of them, U+0000 and direction marks too.
extension Limit {
    package static let caseTitleBytes = Limit("bytes in a case's title", 2_048)
    package static let caseTextBytes = Limit("bytes in a text of a case other than title and note", 512)
    package static let caseNoteBytes = Limit("bytes in a step's note", 256 << 10)
}

extension Text {
    /// - Throws: `.empty(name)` or `.limit`.
    func check(_ name: String, _ limit: Limit) throws(CaseError) {
        if string.isEmpty { throw .empty(name) }
        if string.utf8.count > limit.value { throw .limit(limit) }
    }
}
