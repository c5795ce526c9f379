import ArgumentParser
import Changes

/// Words that a person types behind an option. They may begin with a minus; what looks like an option, two minuses and a word, is
/// the next one, and the words are missing: a script's empty variable must not become a case's title.
enum FreeText {
    static func checked(_ argument: String) throws -> Text {
        if argument.wholeMatch(of: /--[a-z][-a-z]*(=.*)?/) != nil {
            throw ValidationError("that looks like an option, before which the text is missing.")
        }
        return Text(argument)
    }
}
