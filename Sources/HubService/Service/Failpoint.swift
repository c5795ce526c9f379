import Foundation
import Synchronization

/// A named place at which a proof lets the hub die: `AMENDS_FAILPOINT=hub.afterCommit:kill:3`.
///
/// The one place is between the commit of an exchange that placed changes and its answer. `exit` ends the process there
/// the first time; `kill` sends it SIGKILL, with `:N` only at every Nth such exchange since the process started, so that
/// a hub that is started again and again still comes forward. Without the variable nothing of it does anything.
package final class Failpoint: Sendable {
    package enum Action: Hashable, Sendable {
        case exit
        case kill(every: Int)
    }

    package static let environmentKey = "AMENDS_FAILPOINT"
    private static let place = "hub.afterCommit"

    private let action: Action?
    private let passed = Mutex(0)

    package init(_ action: Action?) { self.action = action }

    /// - Returns: nil for a text that names no failpoint.
    package convenience init?(_ text: String?) {
        guard let text, !text.isEmpty else {
            self.init(nil as Action?)
            return
        }
        let words = text.split(separator: ":", omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == Failpoint.place else { return nil }
        switch (words[1], words.count) {
        case ("exit", 2): self.init(.exit)
        case ("kill", 2): self.init(.kill(every: 1))
        case ("kill", 3):
            guard let every = Int(words[2]), every > 0 else { return nil }
            self.init(.kill(every: every))
        default: return nil
        }
    }

    /// An exchange has committed and is not answered yet.
    func passAfterCommit() {
        guard let action else { return }
        let count = passed.withLock { count in
            count += 1
            return count
        }
        switch action {
        case .exit: _exit(70)
        case .kill(let every): if count % every == 0 { kill(getpid(), SIGKILL) }
        }
    }
}
