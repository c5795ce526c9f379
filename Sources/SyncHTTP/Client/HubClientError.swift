/// Why a hub did not answer as it should, and what helps.
package struct HubClientError: Error, Hashable, Sendable {
    package let code: Code
    package let recovery: Recovery
    package let message: String

    package init(_ code: Code, _ recovery: Recovery, _ message: String) {
        self.code = code
        self.recovery = recovery
        self.message = message
    }

    /// What helps. Programs decide by this, never by the message.
    package enum Recovery: Hashable, Sendable {
        /// The same again, later; not before `after`, where the hub said so.
        case retry(after: Duration?)
        /// Nothing until this machine has joined anew.
        case reauthenticate
        /// The same request will never be taken.
        case refuse
    }

    package enum Code: Hashable, Sendable {
        /// No connection, or it broke.
        case unreachable
        /// No answer within the time.
        case deadline
        /// What answered is not a hub: a captive portal, a proxy, another page.
        case notTheHub
        /// Another hub than the one that this machine joined.
        case otherHub
        case responseTooLarge
        case malformedResponse
        /// The hub's own word.
        case hub(HubProblem.Code)
        /// A code of a newer hub.
        case unknownProblem(String)
    }
}

extension HubClientError: CustomStringConvertible {
    package var description: String { message }
}

extension HubClientError {
    /// What an answer that is not a success means.
    init(_ response: HubResponse, problem: HubProblem?) {
        let after = RetryAfter.duration(response.header("retry-after"), date: response.header("date"))
        guard let problem else {
            self.init(
                .notTheHub, .retry(after: after),
                "what answered is not a hub (status \(response.status), \(response.header("content-type") ?? "no type")): a sign-in page of the network, a proxy, or another address"
            )
            return
        }
        let recovery: Recovery
        switch problem.known {
        case .sessionUnknown, .staleCounter, .slow, .overloaded, .unavailable, .failed: recovery = .retry(after: after)
        case .unknownReplica, .badSignature, .unsigned: recovery = .reauthenticate
        case .some: recovery = .refuse
        case nil: recovery = (500...599).contains(problem.status) ? .retry(after: after) : .refuse
        }
        self.init(problem.known.map(Code.hub) ?? .unknownProblem(problem.code), recovery, problem.title)
    }
}
