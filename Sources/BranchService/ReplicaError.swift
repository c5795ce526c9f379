import Causality
import Changes

/// What is wrong with a replica file or with what was asked of it, in a sentence for a person.
package enum ReplicaError: Error, CustomStringConvertible {
    case exists(path: String)
    case missing(path: String)
    /// Its file holds no byte.
    case empty(path: String)
    case keyFile(path: String, reason: String)
    /// The key beside the file is not the one that it was made with.
    case foreignKey(path: String)
    /// The file has no identity: `init` or `join` did not finish.
    case unfinished(path: String)
    case notJoined
    case alreadyJoined(chain: String)
    /// An address names another chain than the replica's.
    case otherChain
    case file(path: String, reason: String)
    case foreignScope(String)

    package var description: String {
        switch self {
        case .exists(let path): "\(path) exists already; nothing was changed"
        case .missing(let path):
            "there is no replica at \(path); make one with `amends init` or `amends join`, or name another with --replica"
        case .empty(let path):
            "\(path) is empty: whatever it held is gone; restore it from a backup, and keep its .key file; "
                + "one that was never finished is removed with its key; nothing was changed"
        case .keyFile(let path, let reason): "the key file \(path): \(reason)"
        case .foreignKey(let path):
            "\(KeyFile.path(of: path)) is the key of another replica than \(path); put back the key that was made with it; "
                + "nothing was changed"
        case .unfinished(let path):
            "\(path) has not joined yet: run `amends join` again with a code that is good, "
                + "or `amends init` to begin a branch without one"
        case .notJoined: "this replica has not joined a chain; ask headquarters for a code and run `amends join`"
        case .alreadyJoined(let chain):
            "this replica belongs to the chain \(chain) already; where its hub has moved, run `amends sync --hub URL`; "
                + "name another file with --replica to join with a new one"
        case .otherChain: "this address is of another chain than the one that this replica has joined"
        case .file(let path, let reason): "\(path): \(reason)"
        case .foreignScope(let name):
            "the hub named the scope \(name) with an id that is not its own; nothing was changed"
        }
    }
}
