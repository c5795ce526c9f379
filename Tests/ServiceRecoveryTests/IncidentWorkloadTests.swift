import Changes
import ServiceRecovery
import Testing

@Suite struct IncidentWorkloadTests {
    private let lines = [
        "INC0000047\t1\t0=t:New\t1=i:1\t2=i:0\t7=t:2016-02-29T04:40\t12=t:Group 70\t13=t:Resolver 89",
        "INC0000047\t0\t0=t:Active\t2=i:1\t12=t:Group 24",
        "INC0000047\t0\t13=n:\t0=t:Resolved: yes=no",
    ]

    @Test func eventsFoldToTheLastRow() throws {
        var history = History()
        for line in lines { history.commit(try TraceLine(parsing: line).draft(person: "resolver")) }
        let record = try history.record(of: history.changes[0])
        #expect(try history.record(of: history.changes[2]) == record)
        let view = try history.view(record)
        #expect(view.type == "incident")
        let row = IncidentWorkloadSchema.fields.map { view.state.winner($0.name, $0.reading)?.value }
        #expect(row.count == 16)
        #expect(row[0] == .text("Resolved: yes=no") && row[1] == .integer(1) && row[2] == .integer(1))
        #expect(row[7] == .text("2016-02-29T04:40") && row[12] == .text("Group 24") && row[13] == nil)
    }

    @Test func aDraftObeysTheSchemaAndTheFormat() throws {
        for line in lines {
            let draft = try TraceLine(parsing: line).draft(person: "resolver")
            #expect(draft.schema == "incident-workload/1")
            #expect(
                try IncidentWorkloadSchema.schema.violation(of: EncodedOperations(draft.operations.encoded())) == nil)
            #expect(try Operations(draft.operations.encoded()) == draft.operations)
        }
    }

    @Test func whatIsNoEventIsRefused() {
        for (line, error) in [
            ("", TraceLineError.form), ("INC1\t1", .form), ("\t1\t0=t:x", .form), ("INC1\t2\t0=t:x", .form),
            ("INC1\t1\t0", .cell("0")), ("INC1\t1\t0=t", .cell("0=t")), ("INC1\t1\t0=tx", .cell("0=tx")),
            ("INC1\t1\t", .cell("")), ("INC1\t1\t0=i:1", .cell("0=i:1")), ("INC1\t1\t1=i:x", .cell("1=i:x")),
            ("INC1\t1\t1=t:1", .cell("1=t:1")), ("INC1\t1\t1=n:1", .cell("1=n:1")), ("INC1\t1\t1=b:1", .cell("1=b:1")),
            ("INC1\t1\t16=t:x", .column("16=t:x")), ("INC1\t1\t-1=t:x", .column("-1=t:x")),
            ("INC1\t1\t=t:x", .column("=t:x")), ("INC1\t1\t0=t:x\t0=t:y", .columnTwice(0)),
        ] {
            #expect(throws: error, "\(line)") { try TraceLine(parsing: line) }
        }
    }
}
