import Foundation
import SyncHTTP

/// How many files and connections the system lets this process have open.
package enum OpenFiles {
    /// Kept back for the program itself: its log, its threads' own, what the system's libraries open for a moment.
    private static let ofProgram = 64
    /// A chain's database twice, each with its log and index, its lock, and a snapshot that is made and one that is read.
    private static let ofChain = 16
    /// A hub that cannot take so many connections is of no use to anybody.
    private static let leastConnections = 32

    /// How many connections a hub of so many chains may take, so that it never stands without a file when it needs one: it would
    /// then neither accept nor answer anybody.
    ///
    /// Raises the limit as far as it may.
    /// - Parameter wanted: not more than these.
    /// - Throws: `HubFault` where the limit is too low.
    package static func connections(_ wanted: Int, chains: Int) throws -> Int {
        let limit = try raiseLimit(to: wanted + needed(chains))
        let left = limit - needed(chains)
        guard left >= min(wanted, leastConnections) else {
            throw HubFault(
                .unavailable,
                "the system lets this process have \(limit) open files, and a hub of so many chains needs "
                    + "\(needed(chains) + leastConnections) at least: raise the limit (ulimit -n)")
        }
        return min(wanted, left)
    }

    private static func needed(_ chains: Int) -> Int { ofProgram + ofChain * max(chains, 1) }

    /// - Returns: the limit that holds from now on.
    private static func raiseLimit(to wanted: Int) throws -> Int {
        var limits = rlimit()
        #if canImport(Glibc) || canImport(Musl)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limits) == 0 else {
            throw HubFault(.unavailable, "the limit of open files: \(String(cString: strerror(errno)))")
        }
        let soft = Int(clamping: limits.rlim_cur)
        if soft >= wanted { return soft }
        var raised = limits
        raised.rlim_cur = min(rlim_t(clamping: wanted), limits.rlim_max)
        // Where it may not be raised, the one that holds is gone by.
        return setrlimit(resource, &raised) == 0 ? Int(clamping: raised.rlim_cur) : soft
    }
}
