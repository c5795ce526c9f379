import Changes
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("What people typed comes back byte for byte")
struct TextTests {
    /// U+0000, right-to-left marks and text, composed and decomposed forms, joined emoji, nothing.
    static let texts = [
        "a\0b", "\0", "\u{200f}مكسور\u{200e} 7", "\u{202e}abc\u{202c}", "caf\u{e9}", "cafe\u{301}", "\u{1e9b}\u{323}",
        "👩‍👩‍👧", "\u{feff}bom", "",
    ]

    @Test(arguments: texts)
    func throughChangeStateAndTables(text: String) throws {
        let folder = try Folder()
        var store = try folder.store()
        let author = try Author(store)
        let change = try author.write([
            Samples.register(Schema.typeField, .text("thing")), Samples.register("title", .text(text)),
            Samples.tag(text), Samples.step(text),
        ])
        try store.close()
        store = try folder.store()
        try store.read { transaction in
            let found = try transaction.change(at: change.dot, of: Samples.scope.scope)
            #expect(found == change)
            let state = try transaction.record(Samples.id(), of: Samples.scope.scope)?.state
            #expect(state?.winner("title", .latest)?.value == .text(Text(text)))
            #expect(state?.elements("tags") == [.text(Text(text))])
            let rows = try transaction.logRows(of: Samples.id(), scope: Samples.scope.scope)
            #expect(rows.map(\.value) == [.text(Text(text))])
        }
        try store.close()
        let connection = try Connection(path: folder.file(), access: .readOnly)
        defer { connection.close() }
        for sql in ["SELECT title FROM thing", "SELECT value FROM thing_tags", "SELECT words FROM thing_steps"] {
            let found: String? = try connection.withStatement(dynamic: sql) { statement in
                try statement.step() ? try statement.text(0) : nil
            }
            #expect(found.map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    /// Two spellings of one word are two elements, everywhere.
    @Test func spellingsStayApart() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        try author.write([
            Samples.register(Schema.typeField, .text("thing")), Samples.tag("caf\u{e9}"), Samples.tag("cafe\u{301}"),
        ])
        #expect(try Tables.dump(folder.file(), like: "thing_tags")["thing_tags"]?.count == 2)
    }
}
