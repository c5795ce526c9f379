import Foundation

/// Where a program speaks: results on standard output, talk on standard error.
///
/// A reader that has seen enough (`| head`) closes standard output; the rest of the output is then dropped and the
/// command ends as it would have. Any other failure to write is an error: nobody may take half a result for a whole.
package struct Console: Sendable {
    package let output: Int32
    package let talk: Int32

    package static let standard = Console(output: STDOUT_FILENO, talk: STDERR_FILENO)

    package init(output: Int32, talk: Int32) {
        self.output = output
        self.talk = talk
    }

    /// Lets writes to a closed pipe fail instead of ending the process, and keeps the files that it makes their owner's
    /// alone, whatever the caller's mask is. Called once, first of all.
    package static func prepareProcess() {
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
    }

    /// Whether people watch the talk, so that a line may be rewritten in place.
    package var talkIsTerminal: Bool { isatty(talk) == 1 }

    /// Whether the output may have colours: to a terminal, unless `NO_COLOR` is set (no-color.org).
    package func hasColor(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Bool {
        isatty(output) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    // MARK: - Writing

    /// - Throws: `CommandFailure` where the output cannot be written, unless its reader has gone.
    package func write(_ bytes: [UInt8]) throws {
        let code = Console.write(bytes, to: output)
        guard code == 0 || code == EPIPE else {
            throw CommandFailure("the result could not be written: \(String(cString: strerror(code)))")
        }
    }

    package func write(_ json: JSONValue) throws { try write(json.document) }

    /// Writes a line.
    package func write(line: String) throws { try write(Array(line.utf8) + [UInt8(ascii: "\n")]) }

    /// Says a line on standard error. A talk that nobody can hear is no failure.
    package func say(_ line: String) { say(raw: line + "\n") }

    func say(raw text: String) { _ = Console.write(Array(text.utf8), to: talk) }

    /// - Returns: 0, or the `errno` of the first failure.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Foundation.write(descriptor, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            offset += count
        }
        return 0
    }
}
