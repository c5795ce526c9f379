import Changes

/// What chains, branches and machines may be called: everybody reads these names, in lists and at a terminal.
package enum DirectoryName {
    /// Why nothing is called so, in a sentence without its end; nil where it may be.
    package static func fault(of name: String) -> String? {
        if Text(name).isBlank { return "a name has at least one letter or sign that is seen" }
        if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
            return "a name has no spaces at its beginning or its end"
        }
        guard name.utf8.count <= Limit.nameBytes.value else {
            return "a name has at most \(Limit.nameBytes.value) bytes, and this one has \(name.utf8.count)"
        }
        if name.unicodeScalars.contains(where: isControl) {
            return "a name has no line breaks, tabs, or other characters that control a terminal or turn the text about"
        }
        return nil
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Embeddings and overrides of direction; isolates, and marks alone, belong to names in two scripts.
        default: (0x202a...0x202e).contains(scalar.value)
        }
    }
}
