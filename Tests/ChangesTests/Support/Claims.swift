import Testing

/// One check of very many: cheaper than `#expect` where it holds, and with the way to see it again where it does not.
///
/// - Returns: whether it held, so that a loop can stop at the first failure.
@discardableResult
func claim(
    _ holds: Bool, _ message: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    if !holds { Issue.record("\(message()); \(Effort.replay)", sourceLocation: sourceLocation) }
    return holds
}
