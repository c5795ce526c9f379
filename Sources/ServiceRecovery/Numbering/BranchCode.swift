import Changes

/// What stands for a branch in its case numbers. Given once; the branch's name may change, its code does not.
///
/// Either three to five letters (`JKT`) or one letter and two to four digits (`B01`). The two forms differ in two
/// symbols at least, so that one slip never leads from one to the other.
package struct BranchCode: Hashable, Sendable {
    package let text: Text

    /// - Throws: `.branchCode` unless `text` has one of the forms, in capitals.
    package init(validating text: String) throws(CaseNumberError) {
        let symbols = Array(text.utf8)
        guard BranchCode.isLettered(symbols) || BranchCode.isNumbered(symbols) else { throw .branchCode(text) }
        self.init(symbols: symbols)
    }

    /// - Precondition: the symbols have one of the forms.
    init(symbols: [UInt8]) {
        precondition(BranchCode.isLettered(symbols) || BranchCode.isNumbered(symbols), "no branch code: \(symbols)")
        text = Text(String(decoding: symbols, as: UTF8.self))
    }

    var symbols: [UInt8] { Array(text.string.utf8) }

    private static func isLettered(_ symbols: [UInt8]) -> Bool {
        (3...5).contains(symbols.count) && symbols.allSatisfy(NumberAlphabet.isLetter)
    }

    private static func isNumbered(_ symbols: [UInt8]) -> Bool {
        (3...5).contains(symbols.count) && NumberAlphabet.isLetter(symbols[0])
            && symbols.dropFirst().allSatisfy(NumberAlphabet.isDigit)
    }
}

extension BranchCode: CustomStringConvertible {
    package var description: String { text.string }
}
