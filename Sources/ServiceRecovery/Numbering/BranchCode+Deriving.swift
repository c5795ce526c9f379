import Changes

extension BranchCode {
    /// A code that reminds of a branch's name and that no other branch has.
    ///
    /// In this order: a letter and the number that the name has (`Store 7`: S07); the initials of three words or
    /// more; the first letter and two later ones, the earliest first (`Jakarta`: JAK, JAR …); the first letter and a
    /// count (J01, J02 …). Latin letters count without their marks; a name in another script gives B01, B02 …
    ///
    /// - Parameters:
    ///   - name: any text, empty too.
    ///   - taken: the codes that the chain has given, as its directory holds them.
    /// - Precondition: fewer than 200,000 codes are taken.
    package static func derive(fromName name: String, taken: Set<Text>) -> BranchCode {
        let parts = NameParts(name)
        let letters = Array(parts.words.joined().prefix(lettersConsidered))
        let first = letters.first ?? UInt8(ascii: "B")

        func free(_ symbols: [UInt8]) -> BranchCode? {
            let code = BranchCode(symbols: symbols)
            return taken.contains(code.text) ? nil : code
        }

        if let number = parts.number, let code = free([first] + NumberAlphabet.digits(number, width: 2)) { return code }
        for length in 3...5 where parts.words.count >= length {
            if let code = free(parts.words.prefix(length).map { $0[0] }) { return code }
        }
        for second in letters.indices.dropFirst() {
            for third in letters.indices where third > second {
                if let code = free([first, letters[second], letters[third]]) { return code }
            }
        }
        for letter in [first] + NumberAlphabet.letters {
            for count in UInt64(1)...greatestNumber {
                if let code = free([letter] + NumberAlphabet.digits(count, width: 2)) { return code }
            }
        }
        preconditionFailure("every branch code is taken")
    }

    /// How much of a long name is tried before counting begins.
    private static let lettersConsidered = 12
    private static let greatestNumber: UInt64 = 9_999

    /// What of a name can stand in a code.
    private struct NameParts {
        /// Letters of the alphabet, none of the words empty.
        var words: [[UInt8]] = []
        /// The last number of the name that fits.
        var number: UInt64?

        init(_ name: String) {
            var word: [UInt8] = []
            var digits: UInt64?
            func finishNumber() {
                if let value = digits, value <= greatestNumber { number = value }
                digits = nil
            }
            func finishWord() {
                if !word.isEmpty { words.append(word) }
                word = []
            }
            for scalar in name.unicodeScalars {
                if let digit = scalar.decimalDigit {
                    finishWord()
                    // Held just above what fits, so that a long row of digits cannot overflow.
                    digits = min((digits ?? 0) * 10 + UInt64(digit), greatestNumber + 1)
                    continue
                }
                if let letter = scalar.latinCapital {
                    finishNumber()
                    if NumberAlphabet.isLetter(letter) { word.append(letter) }
                } else if scalar.properties.generalCategory != .nonspacingMark {
                    finishNumber()
                    finishWord()
                }
            }
            finishNumber()
            finishWord()
        }
    }
}

extension Unicode.Scalar {
    /// The digit that this is in any script's decimal digits.
    var decimalDigit: UInt8? {
        guard properties.numericType == .decimal, let value = properties.numericValue else { return nil }
        return UInt8(value)
    }

    /// The plain capital under a Latin letter with or without marks, by its Unicode name:
    /// `LATIN SMALL LETTER S WITH COMMA BELOW` is an S.
    var latinCapital: UInt8? {
        if isASCII { return properties.isAlphabetic ? UInt8(value) & 0xDF : nil }
        guard let words = properties.name?.split(separator: " "), words.count > 3, words[0] == "LATIN",
            words[2] == "LETTER", words[3].utf8.count == 1
        else { return nil }
        return words[3].utf8.first
    }
}
