/// Why a text is no case number, or no part of one: the first check that failed, with what was read.
package enum CaseNumberError: Error, Hashable, Sendable {
    /// The parts cannot be told apart.
    case form(String)
    case branchCode(String)
    case mark(String)
    case sequence(String)
    /// The parts are well formed and the letter is not theirs: one of them is mistyped.
    case checkLetter(String)
}

extension CaseNumberError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .form(let text): "“\(text)” is no case number: one looks like JKT-QXB-000123-V"
        case .branchCode(let text):
            "“\(text)” is no branch code: three to five letters, or one letter and two to four digits, without I, L and O"
        case .mark(let text): "“\(text)” is no device mark: three letters without I, L and O"
        case .sequence(let text): "“\(text)” is no sequence of a case number: a number from 1, in at least six digits"
        case .checkLetter(let text): "the check letter “\(text)” does not fit: something in the number is mistyped"
        }
    }
}
