import Changes

/// What people call a case by: on the slip, on the telephone, across the counter.
///
/// `JKT-QXB-000123-V`: the branch's code, the mark of the machine that opened the case, the sequence of the change
/// that did, at least six digits, and a check letter. Branch, machine and sequence make it unique without asking
/// anybody. Before the replica has joined a chain there is no code yet and the number is provisional,
/// `P-QXB-000123-F`; it stays as an alias afterwards.
package struct CaseNumber: Hashable, Sendable {
    /// `nil` while the number is provisional.
    package let branch: BranchCode?
    package let mark: DeviceMark
    /// `1...CaseNumber.greatestSequence`.
    package let sequence: UInt64

    package static let greatestSequence: UInt64 = 999_999_999_999

    /// - Precondition: `sequence` is within `1...greatestSequence`.
    package init(branch: BranchCode?, mark: DeviceMark, sequence: UInt64) {
        precondition((1...CaseNumber.greatestSequence).contains(sequence), "no case has the sequence \(sequence)")
        self.branch = branch
        self.mark = mark
        self.sequence = sequence
    }

    package var isProvisional: Bool { branch == nil }

    package var text: Text { Text(description) }

    /// Zeros stand before a sequence of fewer digits.
    static let sequenceWidth = 6
    static let provisionalPrefix = [UInt8(ascii: "P")]

    var checkLetter: UInt8 { CheckLetter.letter(for: prefix + mark.symbols + digits) }

    private var prefix: [UInt8] { branch?.symbols ?? CaseNumber.provisionalPrefix }

    private var digits: [UInt8] { NumberAlphabet.digits(sequence, width: CaseNumber.sequenceWidth) }
}

extension CaseNumber: CustomStringConvertible {
    package var description: String {
        [prefix, mark.symbols, digits, [checkLetter]].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }
}
