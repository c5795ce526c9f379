import Causality
import Changes
import Replication

extension HubStoreContract {
    static var accessClaims: [Claim] {
        [
            Claim(name: "a part key belongs to a subject and a record") { contract in
                try contract.makeStore().write { transaction in
                    let subjects = [SubjectID(high: 1, low: 1), SubjectID(high: 1, low: 2)]
                    let records = [RecordID(high: 2, low: 1), RecordID(high: 2, low: 2)]
                    for (index, subject) in subjects.enumerated() {
                        for (offset, record) in records.enumerated() where index + offset < 2 {
                            try require("none", try transaction.partKey(of: subject, record: record), is: nil)
                            try transaction.put(
                                partKey: [UInt8](repeating: UInt8(index * 2 + offset), count: 32), of: subject,
                                record: record)
                        }
                    }
                    try transaction.put(partKey: [UInt8](repeating: 9, count: 32), of: subjects[0], record: records[0])
                    let found = try subjects.flatMap { subject in
                        try records.map { try transaction.partKey(of: subject, record: $0)?.first }
                    }
                    try require("the keys", found, is: [9, 1, 2, nil])
                }
            },
            Claim(name: "certificates are listed by replica, and the last put counts") { contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    for number: UInt8 in [3, 1, 2] { try transaction.put(Self.certificate(of: number)) }
                    try transaction.put(Self.certificate(of: 2, deviceMark: "XYZ"))
                }
                try store.read { transaction in
                    let all = try transaction.certificates()
                    let replicas = (1...3).map { ContractAuthor.key($0).publicKey.replica }.sorted()
                    try require("the replicas", all.map(\.replica), is: replicas)
                    let changed = Self.certificate(of: 2, deviceMark: "XYZ")
                    let found = try transaction.certificate(of: changed.replica)
                    try require("the certificate", found, is: changed)
                    let stranger = ContractAuthor.key(9).publicKey.replica
                    try require("a stranger's", try transaction.certificate(of: stranger), is: nil)
                }
            },
            Claim(name: "an enrolment is found by its code and can be used up") { contract in
                let store = try contract.makeStore()
                let replica = ContractAuthor.key(1).publicKey.replica
                try store.write { transaction in
                    for number: UInt8 in [1, 2] { try transaction.put(Self.enrolment(number)) }
                    var used = Self.enrolment(2)
                    used.usedBy = replica
                    try transaction.put(used)
                }
                try store.read { transaction in
                    try require("unused", try transaction.enrolment(Self.enrolment(1).code), is: Self.enrolment(1))
                    let used = try transaction.enrolment(Self.enrolment(2).code)
                    try require("used by", used?.usedBy, is: replica)
                    try require("for headquarters", used?.isHeadquarters, is: true)
                    try require("unknown", try transaction.enrolment(Self.enrolment(3).code), is: nil)
                }
            },
        ]
    }
}
