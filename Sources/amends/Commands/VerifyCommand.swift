import ArgumentParser
import BranchService
import Changes
import CommandLineKit
import Inspection

/// `amends verify`: recomputes everything from the stored bytes.
struct VerifyCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every stored byte: hash chains, history, records, tables, fingerprint.",
        discussion: """
            Writes nothing. Says what was recomputed and what stands on the hub's word. Exit status 5 on damage.

            Examples:
              amends verify
              amends verify --json
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let report = try verified()
        do { try output.print(report.json) { report.lines($0) } } catch let failure as CommandFailure where !report.isOK
        {
            throw CommandFailure("there is damage; \(failure)", status: .damage)
        }
        if !report.isOK { throw CommandFailure(status: .damage) }
    }

    private func verified() throws -> VerifyReport {
        try Replica.checkPresent(common.path)
        var progress = ProgressLine(.standard)
        defer { progress.clear() }
        progress.show("reading every page")
        return try Verifier(ownKey: try ownKey()).verify(path: common.path, schemas: Replica.schemas) { checked in
            let rows = checked.logRows + checked.projections
            progress.show("\(checked.changes) changes, \(checked.records) records, \(rows) rows of tables checked")
        }
    }

    /// The key beside the file; nil where the file lies alone, as a copy does that was sent in for diagnosis.
    private func ownKey() throws -> PublicKey? {
        KeyFile.exists(for: common.path) ? try KeyFile.read(for: common.path).publicKey : nil
    }
}

extension VerifyReport {
    fileprivate var json: JSONValue {
        [
            "ok": .boolean(isOK), "damage": .array(damage.map(\.json)), "unnamedDamage": JSONValue(unnamedDamage),
            "checked": [
                "changes": JSONValue(checked.changes), "entries": JSONValue(checked.entries),
                "records": JSONValue(checked.records), "logRows": JSONValue(checked.logRows),
                "projections": JSONValue(checked.projections),
            ],
            "basis": .array(basis.sentences.map { .string($0) }),
        ]
    }

    fileprivate func lines(_ style: TextStyle) -> [String] {
        var table = TextTable(["damage", "table", "row", "reason"])
        for damage in damage { table.add([damage.kind.rawValue, damage.table, damage.row, damage.reason]) }
        let more = unnamedDamage > 0 ? ["and \(unnamedDamage) more"] : []
        return (isOK ? [style.heading("sound")] : table.lines(style) + more) + basis.sentences.map { $0.visible }
    }
}

extension VerifyReport.Damage {
    fileprivate var json: JSONValue {
        ["kind": .string(kind.rawValue), "table": .string(table), "row": .string(row), "reason": .string(reason)]
    }
}
