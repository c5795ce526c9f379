/// Where the hub stands in the scopes that the asker may read.
package struct StandingReport: Codable, Hashable, Sendable {
    package var scopes: [Scope]
    /// One page of the named scope's records, sorted; absent where no scope was named.
    package var records: [Record]?
    /// Ask again with `after` this record for the next page; absent after the last.
    package var next: String?

    package init(scopes: [Scope], records: [Record]? = nil, next: String? = nil) {
        self.scopes = scopes
        self.records = records
        self.next = next
    }

    package struct Scope: Codable, Hashable, Sendable {
        package let scope: String
        package let name: String
        package let position: UInt64
        package let historyHash: String
        package let fingerprint: String

        package init(scope: String, name: String, position: UInt64, historyHash: String, fingerprint: String) {
            self.scope = scope
            self.name = name
            self.position = position
            self.historyHash = historyHash
            self.fingerprint = fingerprint
        }
    }

    /// A record and what it adds to the fingerprint.
    package struct Record: Codable, Hashable, Sendable {
        package let record: String
        package let digest: String

        package init(record: String, digest: String) {
            self.record = record
            self.digest = digest
        }
    }
}

/// What the hub knows of a change: one acceptance for each scope in which a feed of that name has it.
package struct ChangeReport: Codable, Hashable, Sendable {
    package let change: String
    package let acceptances: [Acceptance]

    package init(change: String, acceptances: [Acceptance]) {
        self.change = change
        self.acceptances = acceptances
    }

    package struct Acceptance: Codable, Hashable, Sendable {
        package let scope: String
        package let position: UInt64
        /// Milliseconds since 1970 by the hub's clock.
        package let received: Int64
        /// `ok`, `void` or `held`.
        package let verdict: String
        /// The first 16 bytes of the change's hash, in hexadecimal; nil from a hub of before that does not say it.
        package let hash: String?
        /// Replicas that have since greeted at this position or beyond, as far as the hub remembers: since its start.
        package let receivedBy: [Receiver]

        package init(
            scope: String, position: UInt64, received: Int64, verdict: String, hash: String, receivedBy: [Receiver]
        ) {
            self.hash = hash
            self.scope = scope
            self.position = position
            self.received = received
            self.verdict = verdict
            self.receivedBy = receivedBy
        }
    }

    package struct Receiver: Codable, Hashable, Sendable {
        package let replica: String
        package let position: UInt64
        /// When it last greeted: milliseconds since 1970 by the hub's clock.
        package let at: Int64

        package init(replica: String, position: UInt64, at: Int64) {
            self.replica = replica
            self.position = position
            self.at = at
        }
    }
}

/// A chain of the hub.
package struct ChainReport: Codable, Hashable, Sendable {
    package let chain: String
    package let name: String

    package init(chain: String, name: String) {
        self.chain = chain
        self.name = name
    }
}

/// A branch that somebody wants.
package struct BranchWish: Codable, Hashable, Sendable {
    package let name: String
    package let headquarters: Bool?

    package init(name: String, headquarters: Bool = false) {
        self.name = name
        self.headquarters = headquarters
    }
}

/// A one-time code for a machine of a branch.
package struct CodeReport: Codable, Hashable, Sendable {
    package let branch: String
    package let code: String
    /// Until when it can be used: a time of RFC 3339.
    package let expires: String

    package init(branch: String, code: String, expires: String) {
        self.branch = branch
        self.code = code
        self.expires = expires
    }
}

/// A branch as lists show it.
package struct BranchReport: Codable, Hashable, Sendable {
    package let branch: String
    /// What stands for it in case numbers.
    package let code: String
    package let headquarters: Bool
    package let scope: String
    /// Changes and other entries in its order.
    package let position: UInt64
    package let machines: Int

    package init(branch: String, code: String, headquarters: Bool, scope: String, position: UInt64, machines: Int) {
        self.branch = branch
        self.code = code
        self.headquarters = headquarters
        self.scope = scope
        self.position = position
        self.machines = machines
    }
}

/// How many cases of a branch have a status.
package struct CaseReport: Codable, Hashable, Sendable {
    package let branch: String
    package let status: String
    package let count: Int

    package init(branch: String, status: String, count: Int) {
        self.branch = branch
        self.status = status
        self.count = count
    }
}
