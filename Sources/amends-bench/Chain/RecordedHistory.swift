import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore

/// The answers by which an empty replica comes to hold a whole history: recorded once, applied many times.
struct RecordedHistory {
    /// As they travelled.
    let answers: [[UInt8]]
    let end: BenchReplica.Standing

    /// One author records the trace, the hub takes it, and a new replica fetches it.
    ///
    /// - Parameter pageChanges: changes in an answer; as many as a replica asks for unless given.
    init(of trace: Trace, in workspace: Workspace, pageChanges: Int? = nil) throws {
        let chain = try BenchChain(path: workspace.path("hub.sqlite"), now: trace.end)
        let author = try BenchReplica(1, path: workspace.path("author.sqlite"), durability: .normal)
        let reader = try BenchReplica(2, path: workspace.path("reader.sqlite"), durability: .normal)
        try chain.certify(author.identity)
        try chain.certify(reader.identity)
        try author.record(trace.events, perCommit: 100)
        try author.sync(with: chain)
        answers = try reader.sync(with: chain, pageChanges: pageChanges).answers
        end = try reader.standing()
        try require(try author.standing() == end, "author and reader do not agree")
        try reader.requireTable(FinalTable(of: trace), of: trace)
        try author.close()
        try reader.close()
        try chain.close()
        for path in [author.path, reader.path, chain.store.path] { try workspace.discard(path) }
    }
}
