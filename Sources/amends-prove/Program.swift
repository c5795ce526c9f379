import ArgumentParser
import Claims
import CommandLineKit
import Foundation

/// `amends-prove`: tries the claims that can be tried inside one process. `tools/prove` runs it beside those that need
/// real processes.
@main
package struct ProveCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "amends-prove",
        abstract: "Try a claim that Amends makes about itself.",
        discussion: """
            Exit status 0 where the claim holds, 1 where it does not. AMENDS_DATA names the folder of the real data, \
            which two-schemas uses where it is there.

            Examples:
              amends-prove --list
              amends-prove flips-library --seed 7
              amends-prove type-laws --full --json
            """)

    @Argument(help: "The claim's name.")
    var name: String?

    @Flag(help: "List the claims, one a line.")
    var list = false

    @Option(help: "What all that is random comes from.")
    var seed: UInt64 = 1

    @Flag(help: "Try as much as the claim promises, not the short form.")
    var full = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    package init() {}

    package func validate() throws {
        guard list || name != nil else { throw ValidationError("Name a claim, or ask for the --list.") }
        if let name, Claim.named(name) == nil { throw ValidationError("There is no claim \(name); see --list.") }
    }

    package func run() throws {
        if list {
            for claim in Claim.all { print("\(claim.name) \(claim.sentence)") }
            return
        }
        guard let claim = name.flatMap(Claim.named) else { return }
        let outcome = claim.run(Effort(seed: seed, isFull: full))
        FileHandle.standardOutput.write(Data(json ? outcome.json.document : Array((outcome.text + "\n").utf8)))
        if !outcome.holds { throw ExitCode.failure }
    }
}
