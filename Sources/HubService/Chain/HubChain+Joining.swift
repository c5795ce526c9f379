import Causality
import ChainDirectory
import Changes
import Replication
import ServiceRecovery
import SyncHTTP

extension HubChain {
    /// Whether a code is of this chain, used or not.
    package func knows(_ code: EnrolmentCode) throws -> Bool {
        try store.read { try $0.enrolment(code.hash) } != nil
    }

    /// Certifies a machine for the branch of its code, in one transaction: of two machines with one code, one joins.
    ///
    /// The same machine gets the same certificate again, so that a lost answer costs nothing.
    /// - Throws: `HubFault` with what is wrong with the code or the request, or what the store throws.
    package func join(_ request: JoinRequest) throws -> JoinResponse {
        let replica = request.publicKey.replica
        do { try request.verify() } catch {
            throw HubFault.refused(
                .badSignature, "the request is not signed with the key that it names", replica: replica)
        }
        let name = try DirectoryName.checked(request.machine.string)
        guard let code = EnrolmentCode(typed: request.code.string) else { throw unknownCode(replica) }
        return try store.write { transaction in
            guard var enrolment = try transaction.enrolment(code.hash) else { throw unknownCode(replica) }
            if let user = enrolment.usedBy, user != replica {
                throw HubFault.refused(
                    .codeUsed, "this code was used by another machine; “branch code” gives a new one", replica: replica)
            }
            guard enrolment.usedBy != nil || environment.now() <= enrolment.expires else {
                throw HubFault.refused(
                    .codeExpired, "this code has expired; “branch code” gives a new one", replica: replica)
            }
            guard let branch = try directory(transaction).first(where: { $0.isServed(by: enrolment.home) }) else {
                throw HubFault(.unknownBranch, "the branch of this code is no longer in the directory")
            }
            let (entry, certificate) = try enrol(request, name: name, into: branch, transaction)
            enrolment.usedBy = replica
            try transaction.put(enrolment)
            return try response(certificate, entry, transaction)
        }
    }

    private func unknownCode(_ replica: ReplicaID) -> HubFault {
        .refused(.codeUnknown, "this is no code of the chain; look for a slip, or ask for a new one", replica: replica)
    }

    private func enrol(
        _ request: JoinRequest, name: Text, into branch: BranchRecord, _ transaction: Store.Transaction
    ) throws -> (BranchEntry, Certificate) {
        let replica = request.publicKey.replica
        if let known = try transaction.certificate(of: replica) {
            guard known.home == branch.entry.scope else {
                throw HubFault(
                    .alreadyJoined, "this machine's file belongs to another branch of the chain; join with a new file")
            }
            return (branch.entry, known)
        }
        let others = try transaction.certificates()
        var entry = branch.entry
        if let brought = request.brought, try canAdopt(brought, into: branch, others, transaction) {
            entry = BranchEntry(
                name: entry.name, code: entry.code, scope: brought.scope, scopeName: brought.name)
            let adoption = DirectoryDrafts.adopt(
                brought.scope, named: brought.name, into: branch, person: HubChain.administrator)
            try write(adoption, transaction)
            try transaction.put(ScopeState(brought))
        } else if try transaction.scope(entry.scope) == nil {
            try transaction.put(ScopeState(ScopeIntroduction(name: entry.scopeName, seed: info.chain)))
        }
        let now = environment.now()
        let certificate = Certificate(
            chain: info.chain, publicKey: request.publicKey, home: entry.scope, grants: grants(for: entry),
            deviceMark: try freeMark(others), from: now, hub: identity.key)
        try transaction.put(certificate)
        let machine = MachineEntry(certificate: certificate, name: name, enrolledAtMilliseconds: now)
        try write(try DirectoryDrafts.add(machine, person: HubChain.administrator), transaction)
        return (entry, certificate)
    }

    /// A branch that was made without a hub keeps its scope, and with it its changes as they are, where the code's
    /// branch has none of its own: no machine and no history.
    private func canAdopt(
        _ brought: ScopeIntroduction, into branch: BranchRecord, _ others: [Certificate],
        _ transaction: Store.Transaction
    ) throws -> Bool {
        guard brought == ScopeIntroduction(name: brought.name, seed: brought.seed),
            brought.name.string.hasPrefix("branch/")
        else { throw HubFault(.malformed, "the scope that the machine brings is not what its name derives") }
        let isNew = try transaction.scope(branch.entry.scope)?.position ?? 0 == 0
        let isKnown = try transaction.scope(brought.scope) != nil
        return isNew && !isKnown && !branch.entry.isHeadquarters
            && !others.contains { $0.home == branch.entry.scope }
    }

    /// A branch writes and reads its own scope and reads what all share; headquarters writes and reads everything.
    private func grants(for branch: BranchEntry) -> [Grant] {
        if branch.isHeadquarters { return [Grant(scope: nil, rights: [.read, .write])] }
        return [
            Grant(scope: branch.scope, rights: [.read, .write]), Grant(scope: info.common.scope, rights: .read),
        ]
    }

    /// Drawn at random among those that no machine has.
    private func freeMark(_ others: [Certificate]) throws -> Text {
        let taken = Set(others.map(\.deviceMark))
        let free = (0..<DeviceMark.count).map { DeviceMark(index: $0).text }.filter { !taken.contains($0) }
        guard !free.isEmpty else { throw HubFault(.failed, "every device mark of the chain is given") }
        let drawn = environment.random(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return free[Int(drawn % UInt64(free.count))]
    }

    private func response(
        _ certificate: Certificate, _ branch: BranchEntry, _ transaction: Store.Transaction
    ) throws -> JoinResponse {
        let readable = try transaction.scopes().filter { certificate.rights(in: $0.id).contains(.read) }
        return JoinResponse(
            chain: info.chain, chainName: info.name, hubKey: hubKey, hubTime: environment.now(),
            certificate: certificate, branchName: branch.name, branchCode: branch.code,
            scopes: readable.prefix(Limit.scopesPerMessage.value).map(\.introduction))
    }
}
