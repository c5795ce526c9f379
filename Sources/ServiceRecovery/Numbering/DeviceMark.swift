import Changes

/// Three letters that one machine of a chain has in its case numbers: drawn at random, given once.
package struct DeviceMark: Hashable, Sendable {
    package let text: Text

    /// How many marks there are: 12,167.
    package static let count =
        NumberAlphabet.letters.count * NumberAlphabet.letters.count * NumberAlphabet.letters.count

    /// The mark at a place in their order; whoever draws one draws `index`.
    ///
    /// - Parameter index: `0..<DeviceMark.count`.
    package init(index: Int) {
        precondition((0..<DeviceMark.count).contains(index), "there is no device mark \(index)")
        let letters = NumberAlphabet.letters
        let base = letters.count
        self.init(symbols: [letters[index / (base * base)], letters[index / base % base], letters[index % base]])
    }

    /// - Throws: `.mark` unless `text` is three letters of the alphabet, in capitals.
    package init(validating text: String) throws(CaseNumberError) {
        let symbols = Array(text.utf8)
        guard symbols.count == DeviceMark.length, symbols.allSatisfy(NumberAlphabet.isLetter) else {
            throw .mark(text)
        }
        self.init(symbols: symbols)
    }

    static let length = 3

    var symbols: [UInt8] { Array(text.string.utf8) }

    private init(symbols: [UInt8]) { text = Text(String(decoding: symbols, as: UTF8.self)) }
}

extension DeviceMark: CustomStringConvertible {
    package var description: String { text.string }
}
