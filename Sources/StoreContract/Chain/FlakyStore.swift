import Replication

/// A store whose writes can be made to fail after their body has run: what a full disk or a killed process does.
package final class FlakyStore<Base: HubStore>: HubStore {
    package let base: Base
    /// Counts down with each write; the write that finds 0 is interrupted. Nil: none is.
    package var writesUntilFailure: Int?
    /// False: nothing lags, whoever writes.
    package var isWrittenBehind = true

    package init(_ base: Base) { self.base = base }

    package struct Interrupted: Error {
        package init() {}
    }

    package func write<Result>(_ body: (Base.Transaction) throws -> Result) throws -> Result {
        try base.write { try interrupted($0, body) }
    }

    package func writeBehind<Result>(_ body: (Base.Transaction) throws -> Result) throws -> Result {
        isWrittenBehind ? try base.writeBehind { try interrupted($0, body) } : try write(body)
    }

    private func interrupted<Result>(
        _ transaction: Base.Transaction, _ body: (Base.Transaction) throws -> Result
    ) throws -> Result {
        let result = try body(transaction)
        if let left = writesUntilFailure {
            writesUntilFailure = left > 0 ? left - 1 : nil
            if left == 0 { throw Interrupted() }
        }
        return result
    }

    package func read<Result>(_ body: (Base.Transaction) throws -> Result) throws -> Result {
        try base.read(body)
    }

    package func readBehind<Result>(_ body: (Base.Transaction) throws -> Result) throws -> Result {
        try base.readBehind(body)
    }
}
