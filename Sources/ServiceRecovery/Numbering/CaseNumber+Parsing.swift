import Changes

extension CaseNumber {
    /// Reads what a person typed or said.
    ///
    /// Case, spaces and the kind of dash do not matter, digits may be those of any script, and I, L and O stand for
    /// 1, 1 and 0 where only a digit can be. With its three separators a number is taken part by part, and zeros
    /// before the sequence may be left out. With fewer or more they are all ignored; the sequence then has six digits.
    ///
    /// No single wrong symbol and no swap of neighbours in a printed number leads to another number.
    ///
    /// - Throws: which check failed first: `.form`, `.branchCode`, `.mark`, `.sequence` or `.checkLetter`.
    package init(parsing text: some StringProtocol) throws(CaseNumberError) {
        let parts = try CaseNumber.parts(of: text)
        guard parts.count == 4 else {
            try self.init(unseparated: Array(parts.joined()), text: text)
            return
        }
        try self.init(prefix: parts[0], mark: parts[1], digits: parts[2], check: parts[3])
    }

    private init(unseparated symbols: [UInt8], text: some StringProtocol) throws(CaseNumberError) {
        let tail = DeviceMark.length + CaseNumber.sequenceWidth + 1
        guard symbols.count > tail else { throw .form(String(text)) }
        let mark = symbols.count - tail
        let digits = mark + DeviceMark.length
        let check = symbols.count - 1
        try self.init(
            prefix: Array(symbols[..<mark]), mark: Array(symbols[mark..<digits]),
            digits: Array(symbols[digits..<check]), check: [symbols[check]])
    }

    private init(prefix: [UInt8], mark: [UInt8], digits: [UInt8], check: [UInt8]) throws(CaseNumberError) {
        let branch: BranchCode? =
            prefix == CaseNumber.provisionalPrefix
            ? nil : try BranchCode(validating: spelled(CaseNumber.meantCode(prefix)))
        let device = try DeviceMark(validating: spelled(mark))
        self.init(branch: branch, mark: device, sequence: try CaseNumber.sequence(digits))
        guard check == [checkLetter] else { throw .checkLetter(spelled(check)) }
    }

    /// A letter and digits, where I, L and O can be taken for digits so that all but the first are.
    private static func meantCode(_ symbols: [UInt8]) -> [UInt8] {
        let digits = symbols.dropFirst().compactMap(NumberAlphabet.digit(meantBy:))
        return digits.count == symbols.count - 1 ? symbols.prefix(1) + digits : symbols
    }

    private static func sequence(_ symbols: [UInt8]) throws(CaseNumberError) -> UInt64 {
        let digits = symbols.compactMap(NumberAlphabet.digit(meantBy:))
        // More zeros than we print would let a wrong first digit shift every other symbol.
        let isOverfull = digits.count > sequenceWidth && digits.first == UInt8(ascii: "0")
        guard digits.count == symbols.count, !isOverfull, let value = UInt64(spelled(digits)),
            (1...greatestSequence).contains(value)
        else { throw .sequence(spelled(symbols)) }
        return value
    }

    /// The runs of letters and digits between separators, in ASCII capitals.
    private static func parts(of text: some StringProtocol) throws(CaseNumberError) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            if let digit = scalar.decimalDigit {
                parts[parts.count - 1].append(UInt8(ascii: "0") + digit)
            } else if scalar.isASCII, scalar.properties.isAlphabetic {
                parts[parts.count - 1].append(UInt8(scalar.value) & 0xDF)
            } else if scalar.isSeparator {
                parts.append([])
            } else {
                throw .form(String(text))
            }
        }
        return parts.filter { !$0.isEmpty }
    }
}

/// The text of ASCII symbols.
private func spelled(_ symbols: [UInt8]) -> String { String(decoding: symbols, as: UTF8.self) }

extension Unicode.Scalar {
    /// Spaces, dashes, the minus sign, and the invisible marks that copying between scripts leaves behind.
    fileprivate var isSeparator: Bool {
        if properties.isWhitespace || value == 0x2212 { return true }
        return properties.generalCategory == .dashPunctuation || properties.generalCategory == .format
    }
}
