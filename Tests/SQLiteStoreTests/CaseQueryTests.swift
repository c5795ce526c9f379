import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery
import StoreContract
import Testing

@Suite("Lists of cases are pages of what the table holds")
struct CaseQueryTests {
    private static let scopes = ["branch/a", "branch/b"].map {
        ScopeIntroduction(name: Text($0), seed: ChainID(high: 1, low: 2))
    }

    /// Cases of two branches, many of them changed at the same moment.
    private func store(_ folder: Folder, cases: Int) throws -> SQLiteStore {
        let store = try folder.store(schemas: [CaseSchema.schema])
        let identity = ReplicaIdentity(key: ContractAuthor.key(1))
        let author = try ServiceRecovery.Author(person: "p-1", zoneMinutes: 0)
        let kinds: [StepKind] = [.recorded, .acknowledged, .closed, .closed, .withdrawn]
        try store.write { transaction in
            for scope in CaseQueryTests.scopes { try transaction.put(ScopeState(scope)) }
            let writer = LocalWriter(transaction, identity: identity, random: { [UInt8](repeating: 7, count: $0) })
            for number in 0..<cases {
                let at = Moment(milliseconds: Int64(1_000 * (number * 7 % 5)), zoneMinutes: 0)
                let new = NewCase(
                    Text("Case \(number)"), edits: [.write(.number, Text("N-\(number)"))],
                    first: NewStep(kinds[number % kinds.count], at: at))
                try writer.commit(
                    CaseDrafts.open(new, by: author), in: CaseQueryTests.scopes[number % 3 == 0 ? 1 : 0].scope,
                    at: 9_000)
            }
        }
        return store
    }

    private struct Row {
        let id: String
        let status: String
        let scope: String
        let updatedAt: Int64
    }

    private func table(_ folder: Folder) throws -> [Row] {
        let connection = try Connection(path: folder.file(), access: .readOnly)
        defer { connection.close() }
        return try connection.withStatement(
            """
            SELECT lower(hex(r.id)), c.status, lower(hex(s.id)), c.updated_at
            FROM recovery_case c JOIN record r USING (rid) JOIN scope s ON s.rid = r.scope
            """
        ) { statement in
            var rows: [Row] = []
            while try statement.step() {
                rows.append(
                    Row(
                        id: try statement.text(0), status: try statement.text(1), scope: try statement.text(2),
                        updatedAt: try statement.int64(3)))
            }
            return rows.sorted { ($1.updatedAt, $0.id) < ($0.updatedAt, $1.id) }
        }
    }

    @Test(arguments: [1, 7, 50, Int.max])
    func thoseThatChangedLastComeFirst(limit: Int) throws {
        let folder = try Folder()
        let store = try store(folder, cases: 60)
        let rows = try table(folder)
        #expect(rows.count == 60)
        for status in [nil, "closed", "withdrawn", "nobody's"] as [String?] {
            for scope in [nil, CaseQueryTests.scopes[0].scope, CaseQueryTests.scopes[1].scope] {
                let filter = CaseFilter(status: status, scope: scope, limit: limit)
                let expected = rows.filter { row in
                    (status.map { $0 == row.status } ?? true) && (scope.map { $0.description == row.scope } ?? true)
                }
                let found = try store.read { try $0.cases(filter) }
                #expect(found.map(\.place.id.description) == expected.prefix(limit).map(\.id))
            }
        }
    }

    @Test func aCaseIsFoundByItsNumberAndByTheFirstDigitsOfItsID() throws {
        let folder = try Folder()
        let store = try store(folder, cases: 30)
        for row in try table(folder) {
            for count in [6, 7, 31, 32] {
                let digits = String(row.id.prefix(count))
                let found = try store.read { try $0.cases(named: digits.uppercased()) }
                #expect(found.map(\.id.description) == [row.id])
            }
            for name in [String(row.id.prefix(5)), row.id + "0", "g" + row.id.dropFirst(), ""] {
                #expect(try store.read { try $0.cases(named: name) }.isEmpty)
            }
        }
        for number in 0..<30 { #expect(try store.read { try $0.cases(named: "N-\(number)") }.count == 1) }
    }
}
