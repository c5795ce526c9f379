import Causality
import ChainDirectory
import Changes
import Testing

@Suite struct DirectoryTests {
    private let common = ScopeID(high: 1, low: 1)
    private let branch = BranchEntry(
        name: "Jakarta", code: "JAK", scope: ScopeID(high: 3, low: 4), scopeName: "branch/0304")

    private func machine() throws -> MachineEntry {
        let key = try SigningKey(seed: [UInt8](repeating: 5, count: 32))
        let hub = try SigningKey(seed: [UInt8](repeating: 6, count: 32))
        let certificate = Certificate(
            chain: ChainID(high: 9, low: 9), publicKey: key.publicKey, home: branch.scope,
            grants: [Grant(scope: branch.scope, rights: [.read, .write])], deviceMark: "QXB", from: 1_000, hub: hub)
        return MachineEntry(certificate: certificate, name: "till 2", enrolledAtMilliseconds: 1_456_700_160_000)
    }

    /// The state that one replica's drafts give, applied one after the other.
    private func fold(_ drafts: [ChangeDraft]) throws -> RecordState {
        var state = RecordState()
        for (index, draft) in drafts.enumerated() {
            let dot = Dot(feed: FeedID(high: 8, low: 8), sequence: UInt64(index) + 1)
            let operations = try Operations(draft.operations.encoded())
            #expect(operations == draft.operations)
            #expect(try DirectorySchema.schema.violation(of: EncodedOperations(draft.operations.encoded())) == nil)
            for operation in operations.operations {
                _ = try state.apply(
                    operation, dot: dot, effective: HybridTimestamp(milliseconds: Int64(index)),
                    past: Past(of: dot, others: VersionVector()), greatestLogKey: { nil })
            }
        }
        return state
    }

    @Test func aBranchIsReadBack() throws {
        let draft = try DirectoryDrafts.add(branch, person: "admin")
        #expect(draft.operations.records == [.external(source: "amends.branch", id: Text(branch.scope.description))])
        let state = try fold([draft])
        #expect(BranchEntry(state) == branch)
        #expect(MachineEntry(state) == nil)
        #expect(state.winner("branch_scope", .latest)?.value == .bytes(branch.scope.bytes))
        #expect(state.winner("headquarters", .latest)?.value == .integer(0))
    }

    @Test func headquartersIsABranchThatSaysSo() throws {
        let headquarters = BranchEntry(
            name: "Head office", code: "HEA", scope: ScopeID(high: 5, low: 5), scopeName: "headquarters",
            isHeadquarters: true)
        #expect(BranchEntry(try fold([DirectoryDrafts.add(headquarters, person: "admin")])) == headquarters)
    }

    @Test func aRenamedBranchKeepsScopeAndCode() throws {
        var renamed = branch
        renamed.name = "Jakarta Pusat"
        let added = try DirectoryDrafts.add(branch, person: "admin")
        let record = try #require(BranchRecord(try fold([added]), origin: branch.origin))
        let state = try fold([added, DirectoryDrafts.rename(record, to: "Jakarta Pusat", person: "admin")])
        #expect(BranchEntry(state) == renamed)
    }

    /// Its record keeps the origin of the scope that it was first given, which nobody writes in any more.
    @Test func aBranchThatBroughtItsScopeIsRenamedInItsOwnRecord() throws {
        let brought = ScopeID(high: 7, low: 8)
        var drafts = [try DirectoryDrafts.add(branch, person: "admin")]
        let given = try #require(BranchRecord(try fold(drafts), origin: branch.origin))
        drafts.append(DirectoryDrafts.adopt(brought, named: "branch/0708", into: given, person: "admin"))
        let adopted = try #require(BranchRecord(try fold(drafts), origin: branch.origin))
        #expect(adopted.isServed(by: brought) && adopted.isServed(by: branch.scope))
        drafts.append(try DirectoryDrafts.rename(adopted, to: "Jakarta Pusat", person: "admin"))
        #expect(Set(drafts.map(\.operations.records)) == [[branch.origin]])
        #expect(
            BranchEntry(try fold(drafts))
                == BranchEntry(name: "Jakarta Pusat", code: "JAK", scope: brought, scopeName: "branch/0708"))
    }

    @Test func aMachineIsReadBackWithItsCertificate() throws {
        let machine = try machine()
        let draft = try DirectoryDrafts.add(machine, person: "admin")
        let state = try fold([draft])
        #expect(MachineEntry(state) == machine)
        #expect(BranchEntry(state) == nil)
        #expect(draft.operations.records == [MachineEntry.origin(machine.certificate.replica)])
        #expect(state.winner("mark", .latest)?.value == .text("QXB"))
        #expect(state.winner("branch_scope", .latest)?.value == .bytes(branch.scope.bytes))
    }

    @Test func aDamagedEntryIsNotRead() throws {
        #expect(BranchEntry(RecordState()) == nil)
        let draft = try DirectoryDrafts.add(machine(), person: "admin")
        var operations = draft.operations.operations
        operations[1] = FieldOperation(record: 0, target: operations[1].target, value: .bytes([1, 2, 3]))
        var damaged = draft
        damaged.operations = Operations(records: draft.operations.records, operations: operations)
        #expect(MachineEntry(try fold([damaged])) == nil)
    }

    @Test func aNameIsNeitherEmptyNorLong() throws {
        let long = Text(String(repeating: "x", count: 257))
        let record = try #require(
            BranchRecord(try fold([DirectoryDrafts.add(branch, person: "admin")]), origin: branch.origin))
        for name in ["", long] {
            #expect(throws: DirectoryError.name(name)) {
                try DirectoryDrafts.rename(record, to: name, person: "admin")
            }
        }
    }

    @Test func theSchemaIsSound() {
        let types = DirectorySchema.schema.recordTypes
        #expect(Set(types.map(\.table)).count == types.count)
        for type in types {
            #expect(Set(type.fields.map(\.name)).count == type.fields.count)
            // The engine's own columns and register.
            for name in ["rid", "id", "scope", Schema.typeField] { #expect(type.field(name) == nil) }
        }
    }
}
