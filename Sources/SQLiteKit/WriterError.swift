/// Why a writer refuses to go on.
package enum WriterError: Error, Sendable {
    /// The disk failed this writer, or another one of the same file: what is on the disk is not known. Let the writer
    /// go and open another, which verifies the file.
    case mustReopen(path: String, cause: SQLiteError?)
    /// The file was not sound when it was verified after a failure.
    case damaged(path: String, report: [String])
    /// A reader kept an old snapshot, so that the file could not be verified after a failure.
    case verificationBlocked(path: String)
}

extension WriterError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .mustReopen(let path, let cause?):
            "Nothing more is written to \(path) until it has been reopened and verified, because: \(cause)"
        case .mustReopen(let path, nil):
            "Nothing more is written to \(path) until it has been reopened and verified: "
                + "another program met a failing disk."
        case .damaged(let path, let report):
            "\(path) was damaged (\(report.first ?? "no report"), \(report.count) findings); restore a backup."
        case .verificationBlocked(let path):
            "\(path) must be verified after a disk failure, but a reader keeps an old snapshot; "
                + "let it finish and try again."
        }
    }
}
