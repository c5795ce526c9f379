import ArgumentParser
import Changes
import Compression
import Foundation

/// Packs the records that a trace comes to, as a snapshot would, and unpacks them.
struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Measure the chunks of a snapshot: bytes, and the time of packing and unpacking.",
        discussion: """
            Example:
              amends-bench snapshot --trace incidents.tsv.gz --sizes 1024,16384
            """)

    @OptionGroup var input: TraceOptions

    @Option(help: "Records in a chunk, with commas between; they are cut in the order of their ids.")
    var sizes: RowSelection = RowSelection(numbers: [1_024, 4_096, 16_384])

    @Option(help: "Rounds; the best time of them is printed.")
    var rounds = 5

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("There is at least one round.") }
        let greatest = Limit.recordsPerSnapshotChunk.value
        guard sizes.numbers.allSatisfy({ (1...greatest).contains($0) }) else {
            throw ValidationError("A chunk has 1 to \(greatest) records.")
        }
    }

    func run() throws {
        let trace = try input.load()
        let records = try SnapshotBytes.records(of: trace)
        let text = Zstd.compress(FinalTable(of: trace).tabSeparated).count
        print("\(records.count) records; their table is \(text) bytes as zstd text")
        for size in sizes.numbers {
            var packing = Double.infinity
            var unpacking = Double.infinity
            var packed = SnapshotBytes.chunks(of: [], size: size)
            for _ in 0..<rounds {
                packing = min(packing, seconds { packed = SnapshotBytes.chunks(of: records, size: size) })
                var unpacked: [[SnapshotRecord]] = []
                unpacking = min(
                    unpacking, try seconds { unpacked = try packed.chunks.map { try SnapshotChunk.decode($0) } })
                try require(Set(unpacked.joined()) == Set(records), "a record did not come back")
            }
            let bytes = packed.chunks.reduce(0) { $0 + $1.count }
            let ratio = Double(packed.compressed) / Double(text)
            func perRecord(_ time: Double) -> String { String(format: "%.0f ns", time * 1e9 / Double(records.count)) }
            print(
                "\(size) a chunk: \(bytes) bytes, zstd \(packed.compressed), \(String(format: "%.3fx", ratio)); "
                    + "a record: packed \(perRecord(packing)), unpacked \(perRecord(unpacking))")
        }
    }
}
