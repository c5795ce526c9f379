/// What a store says of an error of its own.
package protocol StoreFailure: Error {
    /// Whether another file, or none, has the name of the one that is open. Whoever has it open must not open that name: what lies
    /// beside it belongs to the file that was there, and would be taken for the other's.
    var isReplacement: Bool { get }
}
