import Changes

extension RecordState {
    /// The text that a register shows.
    func text(_ field: Text) -> Text? { winner(field, .latest)?.value.text }

    /// The bytes that a register shows.
    func bytes(_ field: Text) -> [UInt8]? {
        if case .bytes(let bytes)? = winner(field, .latest)?.value { bytes } else { nil }
    }
}
