import ArgumentParser
import Changes

/// Words that a person types behind an option. They may begin with a minus; with two they are the next option, and the words
/// are missing: a script's empty variable must not become a case's title.
enum FreeText {
    static func checked(_ argument: String) throws -> Text {
        guard !argument.hasPrefix("--") else {
            throw ValidationError("that is an option; the text before it is missing.")
        }
        return Text(argument)
    }
}
