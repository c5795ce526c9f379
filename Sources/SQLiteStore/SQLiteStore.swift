import Causality
import Changes
import Logging
import Replication
import SQLiteKit

/// A replica's or a hub's durable store: one SQLite file, one writer, and plain tables that anyone can read.
///
/// Not `Sendable`: the actor or queue that owns it is its isolation. Other processes may write the same file between two
/// transactions; what is cached here is dropped when they have.
package final class SQLiteStore: HubStore {
    package let path: String
    /// Whose record types have tables.
    package let schemas: [Schema]
    private let transaction: SQLiteTransaction
    private let backend: Backend
    /// How many steps of the sealing that has become due follow a write.
    private let sealingsAfterWrite: Int
    private var isDeferringDurability = false
    /// Where the program's log goes; heard of only where work for later fails.
    private let log = Logger(label: "amends.store")

    private enum Backend {
        case writer(Writer)
        case reader(Reader)
    }

    /// A replica merges any history in 16 MB; more pages than these gain little, for the system keeps them as well.
    package static let replicaCacheKiB = 1_536

    /// Opens a file for writing; creates or migrates it.
    ///
    /// - Parameters:
    ///   - schemas: whose record types get tables; a changed schema rebuilds them.
    ///   - durability: what commits wait for.
    ///   - entriesPerSegment: so many entries of a scope's order, at least, make a sealed segment.
    ///   - sealingsAfterWrite: so many steps of sealing follow a write at most; what is left follows the next one. 0 where the caller
    ///     seals, and looks at what that takes.
    ///   - cacheKiB: pages of the file that stay in memory, at most.
    ///   - window: how many records wait to be written.
    /// - Throws: see `Writer.init`.
    package init(
        path: String, schemas: [Schema], durability: Durability = .full, entriesPerSegment: Int = 1_024,
        sealingsAfterWrite: Int = .max, cacheKiB: Int = SQLiteStore.replicaCacheKiB,
        window: RecordWindow = RecordWindow()
    ) throws {
        let writer = try Writer(
            path: path, migrator: StoreFormat.migrator, durability: durability, cacheKiB: cacheKiB)
        self.path = writer.path
        self.schemas = schemas
        self.sealingsAfterWrite = sealingsAfterWrite
        backend = .writer(writer)
        transaction = SQLiteTransaction(
            projections: Projections(schemas), entriesPerSegment: entriesPerSegment, window: window)
        try write { try $0.prepareProjections() }
    }

    /// Opens an existing file to read it; nothing is ever written, and another program may be writing it.
    ///
    /// - Throws: see `Reader.init`.
    package init(reading path: String, schemas: [Schema]) throws {
        let reader = try Reader(path: path, format: StoreFormat.migrator.format)
        self.path = reader.path
        self.schemas = schemas
        sealingsAfterWrite = 0
        backend = .reader(reader)
        transaction = SQLiteTransaction(projections: Projections(schemas), entriesPerSegment: .max)
    }

    /// Opens an existing file to read it with all that was saved: what a program that was cut off has left in the log alone is
    /// brought into the records first. Where that cannot be done, it is logged, and the file is read as it is.
    ///
    /// - Throws: see `Reader.init`.
    package static func openCaughtUp(reading path: String, schemas: [Schema]) throws -> SQLiteStore {
        let store = try SQLiteStore(reading: path, schemas: schemas)
        guard try store.read({ try $0.setting(.unfolded) != nil }) else { return store }
        do { try SQLiteStore(path: path, schemas: schemas).close() } catch {
            store.log.warning(
                "an import or a synchronisation was cut off or goes on, and not all that it saved is shown",
                metadata: ["file": "\(path)", "reason": "\(error)"])
        }
        return store
    }

    /// Where bulk work prepares what it writes next.
    package var background: BackgroundQueue { transaction.background }

    package func write<Result>(_ body: (SQLiteTransaction) throws -> Result) throws -> Result {
        try write(mayLag: isDeferringDurability, body)
    }

    package func writeBehind<Result>(_ body: (SQLiteTransaction) throws -> Result) throws -> Result {
        try write(mayLag: true, body)
    }

    private func write<Result>(mayLag: Bool, _ body: (SQLiteTransaction) throws -> Result) throws -> Result {
        guard case .writer(let writer) = backend else {
            preconditionFailure("\(path) was opened for reading")
        }
        let result = try commit(writer, mayLag: mayLag, body)
        // What was asked for is on disk: whoever is told that it failed would do it once more.
        do { try sealWhatIsDue() } catch {
            log.error(
                "what was saved is saved; its log could not be tidied and will be after a later write",
                metadata: ["file": "\(path)", "reason": "\(error)"])
        }
        return result
    }

    /// Each step in transactions of its own: what is sealed is not what was asked for, and may wait for the next time.
    private func sealWhatIsDue() throws {
        var left = sealingsAfterWrite
        while left > 0, let sealing = try prepareSealing(), try seal(sealing) { left -= 1 }
    }

    /// Packs what has settled, where that is enough for a segment. Others may write meanwhile.
    package func prepareSealing() throws -> Sealing? {
        guard transaction.hasToSeal else { return nil }
        return try readBehind { try $0.prepareSealing() }
    }

    /// Puts what was packed in its place, in a short transaction that waits for nothing: where a machine loses its power,
    /// it comes up with what was packed from, and packs again.
    ///
    /// - Returns: whether what it was packed from still stood; else nothing has changed.
    package func seal(_ sealing: Sealing) throws -> Bool {
        guard case .writer(let writer) = backend else {
            preconditionFailure("\(path) was opened for reading")
        }
        // No record is touched: those that lag go on to.
        return try commit(writer, tidies: true, mayLag: true) { try $0.seal(sealing) }
    }

    /// - Parameter mayLag: whether records may be written by a later transaction.
    private func commit<Result>(
        _ writer: Writer, tidies: Bool = false, mayLag: Bool = false, _ body: (SQLiteTransaction) throws -> Result
    ) throws -> Result {
        func run(_ connection: Connection) throws -> Result {
            try transaction.begin(connection, mayLag: mayLag)
            try transaction.rollForward()
            let result = try body(transaction)
            try transaction.flush()
            return result
        }
        do {
            return tidies ? try writer.tidy(run) : try writer.write(run)
        } catch {
            transaction.abandon()
            throw error
        }
    }

    /// Writes the records that lag first, and throws where that fails.
    package func read<Result>(_ body: (SQLiteTransaction) throws -> Result) throws -> Result {
        try catchUp()
        return try readBehind(body)
    }

    /// Writes the records that lag behind the log.
    package func catchUp() throws {
        if case .writer(let writer) = backend, transaction.isLagging { try commit(writer) { _ in } }
    }

    package func readBehind<Result>(_ body: (SQLiteTransaction) throws -> Result) throws -> Result {
        func run(_ connection: Connection) throws -> Result {
            try transaction.begin(connection)
            return try body(transaction)
        }
        do {
            switch backend {
            case .writer(let writer): return try writer.read(run)
            case .reader(let reader): return try reader.snapshot(run)
            }
        } catch {
            transaction.abandon()
            throw error
        }
    }

    /// Runs bulk work whose commits wait for the disk once, at the end: nothing of it may be acknowledged before this
    /// returns. Until then the rows of records may lag behind the log, for those who read the file elsewhere.
    package func withDeferredDurability<Result>(_ body: () throws -> Result) throws -> Result {
        guard case .writer(let writer) = backend else {
            preconditionFailure("\(path) was opened for reading")
        }
        return try writer.withDeferredDurability {
            isDeferringDurability = true
            defer { isDeferringDurability = false }
            do {
                let result = try body()
                try catchUp()
                return result
            } catch {
                // What was committed stays, and is shown. Where that fails too, the next to write does it, and `error` says
                // what came first.
                try? catchUp()
                throw error
            }
        }
    }

    /// - Throws: where records that lag cannot be written, after all is closed: the next to open the file for writing does it.
    package func close() throws {
        let caughtUp = Result { try catchUp() }
        transaction.abandon()
        switch backend {
        case .writer(let writer): writer.close()
        case .reader(let reader): reader.close()
        }
        try caughtUp.get()
    }
}

extension SQLiteError: StoreFailure {
    package var isReplacement: Bool { isMoved }
}
