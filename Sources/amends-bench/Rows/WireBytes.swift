import Compression
import SyncHTTP

/// Row 3: what an empty replica is sent to hold the whole history, against the final table as text.
enum WireBytes {
    static func measure(_ bench: Bench) throws -> [Figure] {
        let history = try bench.history()
        let sent = history.answers.reduce(0) { $0 + $1.count }
        let raw = try history.answers.reduce(0) { try $0 + WireBody.unpack($1).count }
        let text = bench.table.tabSeparated
        let plain = Zstd.compress(text).count
        return [
            Figure(
                row: 3, name: "history-bytes", work: "the whole history on the wire, zstd -3", value: Double(sent),
                unit: .bytes, plain: Double(plain), ratio: Double(sent) / Double(plain), goal: 1.85,
                note:
                    "\(history.answers.count) answers, \(raw) bytes before compression; the table is \(text.count) bytes as text"
            )
        ]
    }
}
