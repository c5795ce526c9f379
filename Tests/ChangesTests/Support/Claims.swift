import Changes
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

/// What reading `bytes` comes to.
enum Outcome: Equatable {
    case refused(CodecError)
    case taken(rewritten: [UInt8])
}

extension Form {
    func outcome(_ bytes: [UInt8]) -> Outcome {
        do { return .taken(rewritten: try rewritten(bytes)) } catch { return .refused(error) }
    }
}
